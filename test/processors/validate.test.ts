/** Event times that are refused although JavaScript would read them. */
import { expect, test } from 'vitest';
import { eventTime } from '../../processors/validate.ts';

test.each([
  ['2026-02-30T10:00:00Z', null],
  ['2026-02-31T10:00:00+01:00', null],
  ['2025-02-29t00:00:00z', null],
  ['2026-04-31T00:00Z', null],
  ['2026-04-06T24:00:00Z', null],
  ['2026-13-01T00:00:00Z', null],
  ['2024-02-29T00:00:00Z', 1_709_164_800_000],
  ['2026-03-31T23:59:59+02:00', 1_774_994_399_000],
])('%s', (ts, at) => {
  expect(eventTime(ts)).toBe(at);
});
