/** A device that was away sends all that it has at once: it costs what it weighs, a tick at a time, and nothing waits for ever. */
import { expect, test } from 'vitest';
import { minuteMs } from '../../core/time.ts';
import { revisedReadingsPerTickMax } from '../../processors/revise.ts';
import { drive, townOf } from '../drive.ts';

const now = Date.UTC(2026, 0, 10, 12);
const count = 120_000;
const perMessage = 10_000;

test.each([
  ['with their times', (n: number) => ({ ts: now - 60 * minuteMs + n * 20, values: { temperature: n % 30 } })],
  ['without', (n: number) => ({ values: { temperature: n % 30 } })],
])('120,000 readings at once, %s', async (_, reading) => {
  const gate = await drive(townOf([{ id: 'a', type: 'generic' }]), now);
  gate.send('a', { ts: now + 2_000, values: { temperature: 20 } });
  for (let n = 0; n < count; n += perMessage)
    gate.send(
      'a',
      Array.from({ length: perMessage }, (_, k) => reading(n + k)),
    );
  await gate.process();
  const waiting: number[] = [gate.ledger().readings.waiting];
  while (waiting.at(-1) !== 0) {
    gate.tick(gate.now() + 1_000);
    await gate.process();
    waiting.push(gate.ledger().readings.waiting);
  }
  const most = waiting[0] as number;
  expect(most).toBeGreaterThan(2 * revisedReadingsPerTickMax);
  expect(waiting).toEqual([most, most - revisedReadingsPerTickMax, most - 2 * revisedReadingsPerTickMax, 0]);
  expect(gate.ledger().readings).toMatchObject({ accepted: count + 1, stored: count + 1, duplicate: 0, corrected: 0, deadLetter: 0 });
  gate.tick(gate.now() + 120 * minuteMs);
  await gate.process();
  const counts = new Map((await gate.panes('a', 'temperature', 'PT1H')).map((pane) => [pane.start, pane.count]));
  expect([...counts.values()].reduce((sum, each) => sum + each, 0)).toBe(count + 1);
});
