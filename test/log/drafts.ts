/** Drafts for the tests of the log; what they prove is left to the tests. */
import type { Draft, Envelope } from '../../core/envelope.ts';
import type { LogReader } from '../../core/log.ts';

/** A message that can be told from its neighbours by `n`. */
export const draft = (n: number, payloadBytes = 40): Draft => ({
  kind: 'message',
  subject: `meter-${n % 100}`,
  sender: n % 3 === 0 ? '' : `gateway-${n % 3}`,
  topic: `city/v1/north/meter-${n % 100}/telemetry`,
  payload: Buffer.from(`{"n":${n}}`.padEnd(payloadBytes, ' ')),
  qos: (n % 3) as 0 | 1 | 2,
  dup: n % 5 === 0,
  packetId: n % 65536,
});

export const numberOf = (envelope: Envelope): number => (JSON.parse(Buffer.from(envelope.payload).toString()) as { n: number }).n;

/** Everything in [from, end), and the offsets that were lost. */
export const readAll = async (reader: LogReader, from: number, end: number, batchMax = 1000): Promise<{ envelopes: Envelope[]; corrupt: number }> => {
  const envelopes: Envelope[] = [];
  let corrupt = 0;
  for await (const batch of reader.read(from, end, batchMax)) {
    envelopes.push(...batch.envelopes);
    corrupt += batch.corrupt;
  }
  return { envelopes, corrupt };
};
