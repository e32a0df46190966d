/** Which of a receipt's gaps are still open. */
import { expect, test } from 'vitest';
import { Flag } from '../../core/reading.ts';
import { receiptReadingsMax } from '../../core/views.ts';
import { receiptGaps } from '../../processors/receipt-gaps.ts';
import { views } from '../../processors/views.ts';
import { drive, townOf } from '../drive.ts';

const gaps = [
  { from: 0, to: 100 },
  { from: 300, to: 500 },
];
const rule = { kind: 'gauge', holds: false, holdMs: 200 } as const;
const at = (time: number, value: number | null = 1, flags = 0) => ({ at: time, value, flags });
const known = { gaps, rule, readings: [at(100), at(300)], now: 500 };
const closed = gaps.map((gap) => ({ ...gap, isOpen: false }));

test('open is what follows the newest reading, while that is relied on', () => {
  expect(receiptGaps(known)).toEqual([closed[0], { from: 300, to: 500, isOpen: true }]);
  expect(receiptGaps({ ...known, now: 501 })).toEqual(closed);
  // A value that takes no part in the fold ends nothing.
  expect(receiptGaps({ ...known, readings: [...known.readings, at(400, 9, Flag.excluded)] })[1]?.isOpen).toBe(true);
});

test('a gap is cut at the newest reading: before it nothing more is expected', () => {
  expect(receiptGaps({ ...known, readings: [at(400)], gaps: [{ from: 0, to: 500 }] })).toEqual([
    { from: 0, to: 400, isOpen: false },
    { from: 400, to: 500, isOpen: true },
  ]);
});

test('nothing is open after no value, after the last of amounts, where a value holds, and where there is no reading', () => {
  expect(receiptGaps({ ...known, readings: [at(300, null)] })).toEqual(closed);
  expect(receiptGaps({ ...known, rule: { ...rule, kind: 'delta' } })).toEqual(closed);
  expect(receiptGaps({ ...known, rule: { ...rule, holds: true } })).toEqual(closed);
  expect(receiptGaps({ ...known, readings: [] })).toEqual(closed);
});

test('a receipt that shows only its first readings knows the newest one all the same', async () => {
  const start = Date.parse('2026-03-03T00:00:00Z');
  const gate = await drive(townOf([{ id: 'fast', type: 'generic', intervalMs: 1_000 }]), start);
  for (let n = 0; n < receiptReadingsMax + 200; n++) {
    gate.at(start + n * 1_000);
    gate.send('fast', { ts: gate.now(), values: { temperature: 20 } });
  }
  gate.tick(gate.now() + 500);
  await gate.process();
  const newest = start + (receiptReadingsMax + 199) * 1_000;
  const told = await views(gate.pipeline, gate.store, () => gate.log.length).explain({ subject: 'fast', quantity: 'temperature' }, 'P1D', start);
  expect([told?.readings.length, told?.more]).toEqual([receiptReadingsMax, true]);
  expect(told?.gaps.at(-1)).toEqual({ from: newest, to: newest + 500, isOpen: true });
});
