/** Slices take about as long as they may, whatever an envelope holds. */
import { expect, test } from 'vitest';
import { sliceEnvelopesMin, sliceMs, slices } from '../../cli/plant/slices.ts';

test('a slice halves while it takes too long, and doubles up to its limit', () => {
  const slice = slices(1_000);
  const sizes = [slice.size()];
  for (const ms of [sliceMs, sliceMs, sliceMs, sliceMs + 1, 9_999]) {
    slice.took(ms);
    sizes.push(slice.size());
  }
  expect(sizes).toEqual([256, 512, 1_000, 1_000, 500, 250]);
  for (let n = 0; n < 20; n++) slice.took(sliceMs + 1);
  expect(slice.size()).toBe(sliceEnvelopesMin);
});

test('the first is small where the limit is', () => expect(slices(64).size()).toBe(64));
