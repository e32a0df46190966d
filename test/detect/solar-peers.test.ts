/** Solar plants of one town against one another: clouds and snow are over all of them, a lost string is one's own; and what they tell one another. */
import { describe, expect, test } from 'vitest';
import type { Anomaly } from '../../core/reading.ts';
import { clearSky, sunPosition } from '../../core/sun.ts';
import { detectors } from '../../processors/detect/registry.ts';
import { panelFrom } from '../../processors/judge.ts';
import { type PeerDays, peersMax, peersOf } from '../../processors/learn/peers.ts';
import { oneKey } from '../../processors/one-key.ts';
import { aboutKey, dayMs, hourMs, noise } from './series.ts';

const issy = [2.27, 48.82] as const;
const began = Date.parse('2026-03-01T00:00:00Z');
const about = { ...aboutKey('pv-inverter', 'active_power', hourMs / 2, 'Europe/Paris'), place: issy, produces: true };
const panel = panelFrom(
  detectors.filter(({ kind }) => kind === 'solar-peers'),
  about.rule,
);

/** One sky over all, some noise of their own; what `change` leaves of each plant's power; undefined: nothing comes. */
const town = (plants: number, days: number, change: (plant: number, day: number) => number | undefined): Anomaly[][] => {
  const solar: PeerDays = {};
  const keys = Array.from({ length: plants }, (_, n) => oneKey({ ...about, peers: peersOf(solar, `roof-${n}`, 'active_power') }, undefined, panel));
  for (let at = began; at < began + days * dayMs; at += hourMs / 2) {
    const cloud = Math.max(0, noise(Math.floor(at / hourMs), 3)) * Math.max(0, noise(Math.floor(at / dayMs), 4) + 0.6);
    const sun = clearSky(sunPosition(at, ...issy).elevationDeg) * (1 - 0.7 * cloud);
    for (const [n, key] of keys.entries()) {
      const left = change(n, (at - began) / dayMs);
      const own = (4 + 3 * n) * (1 + 0.03 * noise(Math.floor(at / hourMs), 10 + n));
      if (left !== undefined) key.take({ at, spanMs: 0, value: Math.round(own * sun * left), flags: 0 });
    }
  }
  return keys.map(({ anomalies }) => anomalies);
};

test('one string of eight is missed on one plant, and said of that one alone', () => {
  const [first = [], ...others] = town(5, 100, (plant, day) => (plant === 0 && day >= 80 ? 7 / 8 : 1));
  expect(others.flat()).toEqual([]);
  const [said] = first;
  expect(((said?.since ?? 0) - began) / dayMs).toBeGreaterThan(76);
  expect(said?.reason.en).toMatch(/1[123] % less than 4 other plants of the town .* a string lost/);
  expect(said?.reason.fr).toMatch(/1[123] % de moins que ne le laissaient attendre 4 autres installations .* chaîne/);
  const percent = Number(/(\d+) % less/.exec(said?.reason.en ?? '')?.[1]);
  expect(Math.round(100 * (1 - (said?.observed ?? 0) / (said?.expected ?? 0)))).toBe(percent);
});

test('it ends when the string is back', () => {
  const [first = []] = town(5, 100, (plant, day) => (plant === 0 && day >= 70 && day < 82 ? 6 / 8 : 1));
  expect(first.map(({ version, until }) => [version, until === null])).toEqual([
    [0, true],
    [1, false],
  ]);
});

test.each([
  ['snow on all of them', 5, () => 0.3],
  ['with two others it says nothing', 3, (plant: number) => (plant === 0 ? 0.5 : 1)],
] as const)('%s', (_, plants, left) => {
  expect(town(plants, 100, (plant, day) => (day >= 80 ? left(plant) : 1)).flat()).toEqual([]);
});

test('days that were seen in part do not count', () => {
  // Mornings are missing, which gave less of a clear sky than afternoons did.
  const missing = (plant: number, day: number): number | undefined =>
    plant === 0 && day >= 70 && day % 1 < 0.55 ? undefined : plant === 0 ? 0.6 + 0.8 * (day % 1) : 1;
  expect(town(5, 100, missing)[0]).toEqual([]);
});

describe('what plants tell one another', () => {
  test('the median of the others, of the same quantity', () => {
    const days: PeerDays = {};
    for (const [subject, share] of [
      ['a', 0.2],
      ['b', 0.5],
      ['c', 0.7],
      ['d', 0.9],
    ] as const)
      peersOf(days, subject, 'active_power').tell(20_000, share);
    peersOf(days, 'e', 'dc_power').tell(20_000, 0.1);
    expect(peersOf(days, 'a', 'active_power').others(20_000)).toEqual({ median: 0.7, count: 3 });
    expect(peersOf(days, 'b', 'active_power').others(20_000)).toEqual({ median: 0.7, count: 3 });
    expect(peersOf(days, 'x', 'dc_power').others(20_000)).toBeNull();
    expect(peersOf(days, 'a', 'active_power').others(19_999)).toBeNull();
  });

  test('three days are kept, whatever comes late', () => {
    const days: PeerDays = {};
    const one = peersOf(days, 'a', 'active_power');
    for (const day of [20_000, 20_003, 20_000, 20_001, 20_002]) one.tell(day, 1);
    expect(Object.keys(days)).toEqual(['20001', '20002', '20003']);
  });

  test(`of more than ${peersMax} plants those are peers that tell first`, () => {
    const days: PeerDays = {};
    for (let n = 0; n <= peersMax; n++) peersOf(days, `roof-${n}`, 'active_power').tell(20_000, 1);
    expect(Object.keys(days['20000'] ?? {})).toHaveLength(peersMax);
    peersOf(days, 'roof-0', 'active_power').tell(20_000, 0.5);
    expect(days['20000']?.['active_power/roof-0']).toBe(0.5);
  });
});
