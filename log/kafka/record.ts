/**
 * An envelope as a Kafka record: the payload as it came is the value, so that others can read the topic beside octroi; the rest
 * is one header, in the form that the embedded log writes. Where records go is left to the writer.
 */
import { Buffer } from 'node:buffer';
import type { Draft, Envelope } from '../../core/envelope.ts';
import { EnvelopeDecoder, envelopeBytesMax, writeEnvelope } from '../frame.ts';
import type { KafkaMessage, KafkaRecord } from './client.ts';

const headerName = 'octroi';
/** What this program writes; a later one that writes otherwise counts it up. */
export const recordForm = 1;
/** What Kafka puts around a record, bytes at most: lengths, deltas, the name of the header. */
const recordHeadBytes = 64;
const nothing = new Uint8Array();

/** Bytes that the record of an envelope takes, its head included. */
export const recordBytes = ({ key, value, headers }: KafkaMessage): number =>
  recordHeadBytes + (key?.length ?? 0) + value.length + (headers[headerName]?.length ?? 0);

/** The record of a draft; nothing of the draft is kept. Keyed by subject: what belongs to no device has no key. */
export const recordOf = (draft: Draft): KafkaMessage => {
  const head: Draft = { ...draft, payload: nothing };
  const buffer = Buffer.allocUnsafe(1 + envelopeBytesMax(head));
  buffer[0] = recordForm;
  const end = writeEnvelope(buffer, 1, head);
  return {
    key: draft.subject === '' ? null : Buffer.from(draft.subject),
    value: Buffer.from(draft.payload),
    headers: { [headerName]: buffer.subarray(0, end) },
  };
};

const decoder = new EnvelopeDecoder();

/**
 * The envelope of a record.
 * @returns null where it is none of octroi's; the number of its form where a later program wrote it
 */
export const envelopeOf = ({ offset, timestamp, value, headers }: KafkaRecord, partition: number): Envelope | number | null => {
  const head = headers[headerName];
  if (!Buffer.isBuffer(head) || value === null) return null;
  const form = head[0] ?? 0;
  if (form !== recordForm) return form;
  decoder.at = 1;
  return { ...decoder.next(head, Number(offset), Number(timestamp)), partition, payload: value };
};
