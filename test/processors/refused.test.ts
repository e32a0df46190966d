/** What one message of many refused readings costs: dead letters, and the characters that they keep. */
import { expect, test } from 'vitest';
import { lettersPerEnvelopeMax } from '../../core/reading.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const now = Date.parse('2026-04-07T10:00:00Z');
const most = lettersPerEnvelopeMax;
const strange = (count: number, value: unknown = 1): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`strange_${n}`, value]));

const sent = async (payload: unknown): Promise<Drive> => {
  const gate = await drive(townOf([{ id: 'b', type: 'generic' }]), now);
  gate.send('b', payload);
  await gate.process();
  const { stored, deadLetter } = gate.ledger().readings;
  expect(await gate.store.recount()).toMatchObject({ stored, deadLetter });
  return gate;
};

const lettersOf = async ({ store }: Drive) => (await store.deadLettersPage({ limit: 40_000 })).rows.toSorted((a, b) => a.item - b.item);

test.each([
  ['flat', undefined, 1],
  ['nested, so that each letter keeps the start of the whole', [], 1],
  ['with long values', now, 'x'.repeat(400)],
])('beyond so many refused readings of a message one dead letter stands for the rest: %s', async (_, ts, value) => {
  const gate = await sent({ ts, values: { ...strange(500, value), temperature: 21.5 } });
  const letters = await lettersOf(gate);
  expect(letters.map(({ item }) => item)).toEqual(Array.from({ length: most + 1 }, (_, n) => n + 1));
  const isBadTime = Array.isArray(ts);
  const refused = isBadTime ? 501 : 500;
  expect(letters.at(-1)).toMatchObject({
    code: 'unknown-quantity',
    message: `a generic does not measure "strange_${most}"; this letter stands for ${refused - most} refused readings of its message`,
  });
  expect(letters.reduce((sum, { payload }) => sum + payload.length, 0)).toBeLessThanOrEqual((most + 1) * 1_000);
  expect(gate.ledger().readings).toMatchObject({ accepted: most + (isBadTime ? 1 : 2), stored: isBadTime ? 0 : 1, deadLetter: most + 1 });
});

test('as many as that are kept one by one', async () => {
  const letters = await lettersOf(await sent({ values: strange(most) }));
  expect(letters).toHaveLength(most);
  expect(letters.at(-1)).toMatchObject({ message: `a generic does not measure "strange_${most - 1}"`, payload: `{"values":{"strange_${most - 1}":1}}` });
});

test('what lies ahead is kept one by one, since it is opened again', async () => {
  const gate = await sent(Array.from({ length: 3 * most }, (_, n) => ({ ts: now + 3_600_000 + n * 1_000, values: { temperature: n } })));
  expect(await lettersOf(gate)).toHaveLength(3 * most);
  gate.tick(now + 7_200_000, 60_000);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ accepted: 3 * most, stored: 3 * most, deadLetter: 0 });
});
