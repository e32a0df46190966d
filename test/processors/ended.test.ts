/** An anomaly that is over still says what it was, also where the pipeline was restored in between. */
import { expect, test } from 'vitest';
import { drive, townOf } from '../drive.ts';

const start = Date.parse('2026-03-02T08:00:00Z');

test.each([{ restored: false }, { restored: true }])('what it was, and how long it lasted; restored in between: $restored', async ({ restored }) => {
  const gate = await drive(townOf([{ id: 'room', type: 'room-sensor' }]), start);
  const send = (minute: number, temperature: number): void => {
    const at = start + minute * 60_000;
    gate.at(at);
    gate.send('room', { ts: at, values: { temperature } });
  };
  send(0, 20);
  send(10, 95);
  await gate.process();
  const { rows: before } = await gate.store.anomalies({ limit: 10 });
  expect(before).toMatchObject([{ kind: 'out-of-range', until: null, code: expect.any(String), usual: expect.any(Array) }]);
  if (restored) {
    await gate.checkpoint();
    await gate.crash();
  }
  send(190, 21);
  await gate.process();
  const { rows } = await gate.store.anomalies({ limit: 10 });
  const [{ reason: said, ...first } = { reason: { fr: '', en: '' } }] = before;
  expect(rows).toEqual([
    {
      ...first,
      until: start + 190 * 60_000,
      offset: expect.any(Number),
      version: 1,
      reason: { fr: `${said.fr} Revenu à la normale après 3 h.`, en: `${said.en} Back to usual after 3 h.` },
    },
  ]);
});
