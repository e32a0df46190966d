/** A device whose interval is changed in the town file: what it sent before and sends again is known, and its figures stay. */
import { expect, test } from 'vitest';
import { minuteMs } from '../../core/time.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const now = Date.parse('2026-04-07T10:00:00Z');
const said = now - 60 * minuteMs;
const meter = (intervalMs: number) => townOf([{ id: 'd', type: 'linky', intervalMs }]);
const say = (gate: Drive, at: number, kWh: number): void => gate.send('d', { ts: at, values: { active_energy: kWh } });

test.each([
  ['its last reading', 0],
  ['a reading long before', 20],
])('an amount is sent again: %s', async (_, later) => {
  const gate = await drive(meter(15 * minuteMs), now);
  for (let n = 0; n <= later; n++) say(gate, said + n * minuteMs, 1 + n);
  await gate.process();
  gate.append('registry', { action: 'apply', town: meter(30 * minuteMs) });
  say(gate, said, 1);
  gate.tick(now + 3_000);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ stored: later + 1, duplicate: 1, corrected: 0 });
  say(gate, said, 2);
  gate.tick(now + 6_000);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ duplicate: 1, corrected: 1 });
});
