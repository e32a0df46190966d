/** The forecast of a car park: online, better than what is known of now and of the week alone, at peace with gaps. */
import { expect, test } from 'vitest';
import { horizonsMs, type Occupancy, occupancy } from '../../core/occupancy.ts';
import { noise } from '../detect/series.ts';

const [quarterMs, dayMs] = [900_000, 86_400_000];
const start = Date.parse('2024-01-01T00:00:00Z');
const places = 400;

/** Full by day, and each day more or less so. */
const freeAt = (at: number): number => {
  const day = Math.floor(at / dayMs);
  const works = (day + 3) % 7 < 5 ? 1 : 0.4;
  const taken = Math.max(0, Math.sin(((at % dayMs) / dayMs) * 2 * Math.PI - 1.2)) * 250 * works * (1 + 0.4 * noise(day));
  return Math.round(places - 20 - taken + 4 * noise(at / quarterMs, 2));
};

interface Asked {
  readonly at: number;
  readonly forecast: number;
  readonly now: number;
  readonly profile: number;
}

/** Forecasts of the last weeks, by horizon. */
const run = (model: Occupancy, valueAt: (at: number) => number | null, days = 60): Asked[][] => {
  const asked: Asked[][] = horizonsMs.map(() => []);
  for (let at = start; at < start + days * dayMs; at += quarterMs) {
    const now = valueAt(at);
    model.take(at, now);
    if (at < start + 30 * dayMs || now === null) continue;
    for (const [n, ms] of horizonsMs.entries())
      asked[n]?.push({ at: at + ms, forecast: model.forecast(ms) ?? Number.NaN, now, profile: model.profileAt(at + ms) ?? Number.NaN });
  }
  return asked;
};
const errorOf = (list: readonly Asked[], pick: (one: Asked) => number): number =>
  list.reduce((sum, one) => sum + Math.abs(pick(one) - freeAt(one.at)), 0) / list.length;

test('ahead of persistence and of the profile at every horizon', () => {
  for (const list of run(occupancy('UTC', places), freeAt)) {
    const error = errorOf(list, ({ forecast }) => forecast);
    expect(error).toBeLessThan(errorOf(list, ({ now }) => now));
    expect(error).toBeLessThan(errorOf(list, ({ profile }) => profile));
  }
});

test('where one quarter tells nothing of the next the profile is what it learns to say', () => {
  const calm = (at: number): number => Math.round(200 + 100 * Math.sin((at / dayMs) * 2 * Math.PI));
  const model = occupancy('UTC', places);
  for (const list of run(model, (at) => calm(at) + Math.round(60 * noise(at / quarterMs, 5)))) {
    const missed = (pick: (one: Asked) => number): number => list.reduce((sum, one) => sum + Math.abs(pick(one) - calm(one.at)), 0);
    expect(missed(({ forecast }) => forecast)).toBeLessThan(1.3 * missed(({ profile }) => profile));
  }
});

test('what comes later changes no forecast', () => {
  const [whole, cut] = [run(occupancy('UTC', places), freeAt, 50), run(occupancy('UTC', places), freeAt, 40)];
  for (const [n, list] of cut.entries()) expect(whole[n]?.slice(0, list.length)).toEqual(list);
});

test('gaps, a lot that stands still, and nothing at all: a number between none and all, or none known', () => {
  const gappy = (at: number): number | null => (Math.floor(at / dayMs) % 5 === 0 ? null : freeAt(at));
  for (const list of [...run(occupancy('UTC', places), gappy), ...run(occupancy('UTC', places), () => 7, 90)])
    for (const { forecast } of list) expect(forecast >= 0 && forecast <= places).toBe(true);
  const empty = occupancy('UTC');
  expect(horizonsMs.map((ms) => empty.forecast(ms))).toEqual([null, null, null]);
  const jumping = occupancy('Europe/Paris');
  jumping.take(start, 5);
  jumping.take(start + 399 * dayMs - horizonsMs[0], 6);
  expect(jumping.forecast(horizonsMs[0])).toBe(5);
});
