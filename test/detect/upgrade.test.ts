/** A program whose detector keeps another block than the one before: what it has learnt begins anew, numbers and all; what lasts goes on. */
import { expect, test } from 'vitest';
import { floatsOf, stateOf } from '../../processors/judge.ts';
import { oneKey } from '../../processors/one-key.ts';
import { freshKey, type KeyState } from '../../processors/state.ts';
import { aboutKey, dayMs, hourMs, points, start } from './series.ts';

const keyOf = (floats: number): KeyState => ({
  ...freshKey(aboutKey('submeter', 'active_energy_import').fold),
  detectors: { use: { days: 70, hours: 1_680, openSince: 5, openValue: 7, endedAt: 3 }, jump: { steps: 12 } },
  floats: { use: new Float32Array(floats).fill(1) },
});

test('a block of another length: its numbers go with it, but for those of what lasts', () => {
  const key = keyOf(392);
  expect([...floatsOf(key, 'use', 736)]).toEqual(Array(736).fill(0));
  expect(stateOf(key, 'use')).toEqual({ openSince: 5, openValue: 7, endedAt: 3 });
  expect(stateOf(key, 'jump')).toEqual({ steps: 12 });
});

test('a block of the same length: nothing changes', () => {
  const key = keyOf(736);
  expect([...floatsOf(key, 'use', 736)]).toEqual(Array(736).fill(1));
  expect(stateOf(key, 'use')).toMatchObject({ days: 70, hours: 1_680 });
});

test('what was said of a key by a detector that is no longer for it ends with the next hour', () => {
  const about = { ...aboutKey('pv-inverter', 'active_power'), produces: true };
  const key: KeyState = { ...freshKey(about.fold), detectors: { use: { openSince: start - dayMs, openValue: 7, openVersion: 0 } } };
  const one = oneKey(about, key);
  for (const point of points(1, () => 500)) one.take(point);
  expect(one.anomalies).toMatchObject([{ kind: 'use', since: start - dayMs, until: start + hourMs, version: 1 }]);
});
