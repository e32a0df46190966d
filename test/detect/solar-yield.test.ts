/** Solar plants over the year: the sun that sinks, gaps, and the change of the clocks are no loss; what is reported is what is said. */
import { expect, test } from 'vitest';
import type { Point } from '../../core/fold.ts';
import { clearSky, sunPosition } from '../../core/sun.ts';
import type { About } from '../../processors/detect/detector.ts';
import { detectors } from '../../processors/detect/registry.ts';
import { aboutKey, dayMs, hourMs, judged, noise } from './series.ts';

type Place = readonly [lon: number, lat: number];
const issy: Place = [2.27, 48.82];
const noumea: Place = [166.4, -22.3];

const about = (place: Place, zone: string): About => ({ ...aboutKey('pv-inverter', 'active_power', hourMs / 2, zone), place, produces: true });
const only = (kind: string) => detectors.filter((detector) => detector.kind === kind);

/** A roof of 6 kW under clouds; undefined: nothing comes. */
const roof = ([lon, lat]: Place, from: string, days: number, change: (watts: number, day: number, at: number) => number | undefined): Point[] => {
  const found: Point[] = [];
  const first = Date.parse(from);
  for (let at = first; at < first + days * dayMs; at += hourMs / 2) {
    const cloud = Math.max(0, noise(Math.floor(at / hourMs), 3)) * Math.max(0, noise(Math.floor(at / dayMs), 4) + 0.4);
    const value = change(6 * clearSky(sunPosition(at, lon, lat).elevationDeg) * (1 - 0.7 * cloud), (at - first) / dayMs, at);
    if (value !== undefined) found.push({ at, spanMs: 0, value: Math.round(value), flags: 0 });
  }
  return found;
};

const same = (watts: number): number => watts;

test.each([
  ['Issy', issy, 'Europe/Paris'],
  ['Marseille', [5.4, 43.3], 'Europe/Paris'],
  ['Tromsø', [18.9, 69.6], 'Europe/Oslo'],
  ['Nouméa', noumea, 'Pacific/Noumea'],
] as const)('%s: the hours that the sun leaves in autumn are no loss', (_, place, zone) => {
  expect(judged(about(place, zone), roof(place, '2026-05-01T00:00:00Z', 430, same), only('solar-yield'))).toEqual([]);
});

test('after a gap one dark day is not judged as five', () => {
  const series = roof(issy, '2026-03-01T00:00:00Z', 90, (watts, day) => (day >= 60 && day < 66 ? undefined : watts * (day >= 66 && day < 67 ? 0.35 : 1)));
  expect(judged(about(issy, 'Europe/Paris'), series, only('solar-yield'))).toEqual([]);
});

test.each([
  ['whole', (watts: number, day: number) => (day >= 80 ? (watts * 7) / 8 : watts)],
  ['part', (watts: number, day: number, at: number) => (day >= 80 && at % dayMs > 13 * hourMs ? watts / 2 : watts)],
] as const)('%s: what was seen and what was expected are those of the hours spoken of', (code, change) => {
  const [first] = judged(about(issy, 'UTC'), roof(issy, '2026-03-01T00:00:00Z', 100, change), only('solar-yield'));
  expect(first?.code).toBe(code);
  const percent = Number(/(\d+) % less/.exec(first?.reason.en ?? '')?.[1]);
  expect(Math.round(100 * (1 - (first?.observed ?? 0) / (first?.expected ?? 0)))).toBe(percent);
});

test('shade at noon is found where UTC turns at noon', () => {
  // Solar noon is near 01:00 UTC.
  const series = roof(noumea, '2026-03-01T00:00:00Z', 100, (watts, day, at) => (day >= 80 && (at + 2 * hourMs) % dayMs < 4 * hourMs ? watts / 2 : watts));
  const [first] = judged(about(noumea, 'Pacific/Noumea'), series, only('solar-yield'));
  expect(first?.reason.en).toMatch(/5\d % less .* hours from (22|23):00 UTC/);
});

test('hours that are not seen part their neighbours', () => {
  // Nothing comes from 10 to 13; the hours on both sides are shaded, two and one.
  const series = roof(issy, '2026-03-01T00:00:00Z', 100, (watts, day, at) => {
    const hour = Math.floor((at % dayMs) / hourMs);
    if (day < 80) return watts;
    return hour >= 10 && hour < 13 ? undefined : watts * ([8, 9, 13].includes(hour) ? 0.5 : 1);
  });
  expect(judged(about(issy, 'UTC'), series, only('solar-yield'))).toEqual([]);
});

test('what lasts four weeks is taken for the best: it ends, and is not said again', () => {
  const series = roof(issy, '2026-03-01T00:00:00Z', 200, (watts, day) => (day >= 80 ? watts / 2 : watts));
  const all = judged(about(issy, 'UTC'), series, only('solar-yield'));
  expect(all.map(({ version, until }) => [version, until === null])).toEqual([
    [0, true],
    [1, false],
  ]);
  expect(((all[1]?.until ?? 0) - (all[1]?.since ?? 0)) / dayMs).toBeLessThan(31);
});

test('the change of the clocks is no clock off by an hour: the sun keeps no summer time', () => {
  expect(judged(about(issy, 'Europe/Paris'), roof(issy, '2026-01-01T00:00:00Z', 330, same), only('clock-shift'))).toEqual([]);
});
