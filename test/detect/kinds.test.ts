/** Each detector finds what it is for, names it, and says it in both languages; a doubt in the data silences what is said of consumption. */
import { expect, test } from 'vitest';
import type { Point } from '../../core/fold.ts';
import type { Anomaly } from '../../core/reading.ts';
import { clearSky, sunPosition } from '../../core/sun.ts';
import type { About } from '../../processors/detect/detector.ts';
import { detectors } from '../../processors/detect/registry.ts';
import { aboutKey, dayMs, hourMs, judged, noise, office, points, start } from './series.ts';

const amount = aboutKey('submeter', 'active_energy', hourMs, 'UTC');
const register = aboutKey('submeter', 'active_energy_import', 900_000, 'UTC');
const places = aboutKey('car-park', 'free_places', 300_000, 'UTC', 400);

const from = start + 100 * dayMs;
const during = (at: number, days: number): boolean => at >= from && at < from + days * dayMs;
const meter = (days: number, change: (value: number, at: number) => number | undefined): Point[] =>
  points(130, (at) => {
    const value = during(at, days) ? change(office(at), at) : office(at);
    return value === undefined ? undefined : Math.round(value);
  });

const amountOfQuarter = aboutKey('submeter', 'active_energy', 900_000, 'UTC');
/** @param change of what comes in a day of quarters */
const quarters = (change: (value: number, place: number) => number): Point[] =>
  points(130, (at, place) => Math.round(during(at, 1) ? change(office(at) / 4, place) : office(at) / 4), 900_000);

const registered = (): Point[] => {
  let sum = 0;
  return points(
    130,
    (at) => {
      sum = at === from ? 4_000 : sum + office(at) / 4;
      return Math.round(sum);
    },
    900_000,
    0,
  );
};
/** By day about a car a minute, by night hardly any. */
const parked = (at: number): number =>
  Math.round(200 + 150 * Math.sin((at / dayMs) * 2 * Math.PI) + (at % dayMs > 7 * hourMs ? 6 * noise(Math.floor(at / 300_000)) : 0));

const issy = [2.27, 48.82] as const;
const lights: About = { ...aboutKey('street-lighting', 'lighting', 300_000, 'UTC'), place: issy };
const sunAt = (at: number): number => sunPosition(at, issy[0], issy[1]).elevationDeg;
/** Lit by night, but for what goes wrong. */
const lit = (wrong: (at: number) => number | undefined): Point[] => points(120, (at) => wrong(at) ?? (sunAt(at) < -2 ? 2 : 0), 300_000, 0);
/** A roof under clouds that change from hour to hour. */
const roofed: About = { ...aboutKey('pv-inverter', 'active_power', 900_000, 'UTC'), place: issy, produces: true };
const roof = (change: (watts: number, at: number) => number): Point[] =>
  points(
    130,
    (at) => {
      const cloud = Math.max(0, noise(Math.floor(at / hourMs), 3)) * Math.max(0, noise(Math.floor(at / dayMs), 4) + 0.4);
      const watts = 6 * clearSky(sunAt(at)) * (1 - 0.7 * cloud);
      return Math.round(at >= from ? change(watts, at) : watts);
    },
    900_000,
    0,
  );

const cases: readonly (readonly [kind: Anomaly['kind'], what: string, about: About, series: Point[], fr: RegExp, en: RegExp])[] = [
  ['register', 'a register that starts again', register, registered(), /index est revenu de .* kWh à 0,4 kWh/, /register went back from .* kWh to 0\.4 kWh/],
  [
    'two-senders',
    'another meter between the readings',
    amount,
    meter(130, (value) => value).flatMap((point) => (during(point.at, 2) ? [point, { ...point, at: point.at + hourMs / 2, value: 30_000 }] : [point])),
    /deux séries alternent/,
    /two series alternate/,
  ],
  [
    'two-senders',
    'readings to and fro at the usual pace, whose hours are as ever',
    amountOfQuarter,
    quarters((value, place) => value * (place % 2 === 0 ? 1.9 : 0.1)),
    /relevés de suite vont et viennent/,
    /readings in a row go to and fro/,
  ],
  ['stuck-series', 'a meter that stands', amount, meter(2, () => office(from)), /^Exactement .* kWh depuis \d+ h/, /^Exactly .* kWh for \d+ h/],
  [
    'stuck-series',
    'a car park that stands',
    places,
    points(60, (at) => parked(at > start + 40.4 * dayMs && at < start + 42 * dayMs ? start + 40.4 * dayMs : at), 300_000, 0),
    /^Exactement \d+ .* depuis \d+ h/,
    /^Exactly \d+ .* for \d+ h/,
  ],
  ['outage', 'a meter without current', amount, meter(0.4, (_, at) => 200 + (at % 7)), /^Presque rien depuis \d+ h/, /^Next to nothing for \d+ h/],
  ['unit', 'Wh for kWh', amount, meter(1, (value) => value * 1_000), /multiplié par 1000/, /multiplied by 1000/],
  ['unit', 'one phase of three, or all of them', amount, meter(3, (value) => value * Math.sqrt(3)), /multiplié par √3/, /multiplied by √3/],
  ['clock-shift', 'a clock five hours fast', amount, meter(12, (_, at) => office(at - 5 * hourMs)), /avancer de 5 h/, /5 h fast/],
  ['clock-shift', 'a clock an hour slow', amount, meter(12, (_, at) => office(at + hourMs)), /retarder de 1 h \(heure d'été/, /1 h slow \(summer time/],
  [
    'new-extreme',
    'a night hour like a day',
    amount,
    meter(1 / 12, (value) => value * 2.2),
    /à ces heures du jour, .* au plus/,
    /at these hours of the day .* at the most/,
  ],
  ['new-extreme', 'an hour like no other', amount, meter(1 / 24, (value) => value * 6), /plus que jamais/, /more than ever/],
  ['base-load', 'something left on', amount, meter(10, (value) => value + 16_000), /^Le talon .* \(\+1\d %\)/, /^The base load .* \(\+1\d %\)/],
  [
    'lighting',
    'lights that burn by day',
    lights,
    lit((at) => (at > from + 10 * hourMs && at < from + 14 * hourMs ? 2 : undefined)),
    /brûle en plein jour/,
    /burnt by day/,
  ],
  ['lighting', 'lights that stay dark', lights, lit((at) => (at > from && at < from + 4 * hourMs ? 0 : undefined)), /éteint depuis \d+ min/, /off for \d+ min/],
];

/** What others see sooner: judged alone. */
const slow: typeof cases = [
  [
    'unit',
    'Wh taken for MWh, at rest now and then',
    amount,
    meter(1, (value, at) => (at % (3 * hourMs) === 0 ? 0 : value / 1_000)),
    /fois moins que la plus petite quantité jamais vue/,
    /times less than the smallest amount ever seen/,
  ],
  [
    'unusual-hour',
    'values to and fro',
    amount,
    points(130, (at, place) => Math.round(100_000 * (during(at, 1) ? ((at / hourMs) % 2 === 0 ? 1.23 : 0.77) : 1 + 0.1 * noise(place)))),
    /en tous sens/,
    /all over the place/,
  ],
  ['unusual-hour', 'a night hour like a day', amount, meter(1 / 12, (value) => value * 2.2), /attendus ; jamais au-dessus de/, /expected; never above/],
  [
    'unusual-hour',
    'one hour above the two beside it, within all that ever was',
    amount,
    // It swings, but not by the day.
    points(130, (at, place) => Math.round(100_000 * (1 + 0.8 * Math.sin(at / (11 * hourMs))) * (1 + 0.05 * noise(place)) * (during(at, 1 / 24) ? 2.2 : 1))),
    /un pic aussi isolé/,
    /so lone a peak/,
  ],
  [
    'unit',
    'another scale, for who had stood a fifth below what was expected',
    amount,
    points(130, (at) => Math.round(office(at) * (at >= from - 6 * dayMs ? 0.8 : 1) * (during(at, 3) ? Math.sqrt(3) : 1))),
    /multiplié par √3/,
    /multiplied by √3/,
  ],
  [
    'use',
    'a fifth less by day',
    amount,
    meter(8, (value, at) => (at % dayMs > 7 * hourMs && at % dayMs < 19 * hourMs ? value * 0.8 : value)),
    /−\d+ %\) : moins/,
    /−\d+ %\): less/,
  ],
  [
    'use',
    'a tenth more at all hours',
    amount,
    meter(8, (value) => value * 1.12),
    /à toute heure du jour et de la nuit : plus/,
    /at all hours of day and night: more/,
  ],
  [
    'use',
    'a Sunday like a Monday',
    amount,
    meter(8, (value, at) => ((Math.floor(at / dayMs) + 3) % 7 === 6 ? office(at + dayMs) : value)),
    /jour de repos, .* : plus que jamais un jour de repos/,
    /a day off, .*: more than ever on a day off/,
  ],
  ['solar-yield', 'one string of eight', roofed, roof((watts) => (watts * 7) / 8), /1\d % de moins .* chaîne/, /1\d % less .* a string lost/],
  [
    'solar-yield',
    'shade in the afternoon',
    roofed,
    roof((watts, at) => (at % dayMs > 13 * hourMs ? watts / 2 : watts)),
    /5\d % de moins .* heures à partir de 14 h UTC : ombre/,
    /5\d % less .* hours from 14:00 UTC: shade/,
  ],
];

const named = (all: readonly Anomaly[], [kind, , about, , fr, en]: (typeof cases)[number]): void => {
  const found = all.filter((one) => one.kind === kind && one.version === 0);
  expect(all.filter(({ since }) => about === amount && since < from - 2 * dayMs)).toEqual([]);
  expect(found.length).toBeGreaterThan(0);
  const [first] = found;
  expect(first?.reason.fr).toMatch(fr);
  expect(first?.reason.en).toMatch(en);
  expect(first?.score ?? 0).toBeGreaterThanOrEqual(0.5);
  expect(first?.score ?? 2).toBeLessThanOrEqual(1);
  expect(first?.code).toMatch(/^[a-z0-9-]+$/);
};

test.each(cases)('%s: %s', (...one) => {
  const [, , about, series] = one;
  named(judged(about, series), one);
});

test.each(slow)('%s, alone: %s', (...one) => {
  const [kind, , about, series] = one;
  named(
    judged(
      about,
      series,
      detectors.filter((detector) => detector.kind === kind),
    ),
    one,
  );
});

test('behind a hole of as many hours a clock that is put on is seen within two days, and else it is not', () => {
  const hours = 5;
  const isSaid = (hole: number): boolean => {
    const series = meter(12, (_, at) => office(at - hours * hourMs)).filter(({ at }) => at < from + 2 * dayMs && (at < from || at >= from + hole * hourMs));
    const only = detectors.filter(({ kind }) => kind === 'clock-shift');
    return judged(amount, series, only).length > 0;
  };
  expect([0, hours].map(isSaid)).toEqual([false, true]);
});

test('where the data are in doubt nothing is said of consumption, and what was said ends', () => {
  // It stands, at a height where it never stood.
  const all = judged(
    amount,
    meter(3, () => office(from) * 2.2),
  );
  const doubt = all.find(({ kind, version }) => kind === 'stuck-series' && version === 0);
  const consumption = all.filter(({ kind }) => ['new-extreme', 'unusual-hour', 'base-load', 'use'].includes(kind));
  const begun = consumption.filter(({ version }) => version === 0);
  expect(doubt).toBeDefined();
  expect(begun).toHaveLength(1);
  // The doubt comes when some hours have passed without a change; with it what was said first is over.
  expect(consumption.find(({ until }) => until !== null)?.until ?? 0).toBeLessThan(from + 20 * hourMs);
});

test('what lasts is taken for the usual: the alarm ends, and nothing more is said of it', () => {
  const all = judged(
    amount,
    points(220, (at) => Math.round(office(at) * (at >= from ? 1.8 : 1))),
  );
  expect(all.length).toBeGreaterThan(0);
  const begun = all.filter(({ version }) => version === 0);
  for (const { id } of begun) expect(all.some((one) => one.id === id && one.until !== null)).toBe(true);
  expect(begun.filter(({ since }) => since > from + 30 * dayMs)).toEqual([]);
});

test('lights that are switched off in the middle of every night may be', () => {
  const asleep = (at: number): boolean => at % dayMs < 5 * hourMs;
  expect(
    judged(
      lights,
      lit((at) => (asleep(at) ? 0 : undefined)),
    ),
  ).toEqual([]);
});

test('a working day that runs as a Sunday is no fault: a holiday', () => {
  const all = judged(
    amount,
    meter(1, (_, at) => office(at - 3 * dayMs)),
  );
  expect(all.filter(({ kind }) => kind === 'use')).toEqual([]);
});

test('one fault in the data is said once', () => {
  const begun = judged(
    amount,
    meter(1.5, () => 0),
  ).filter(({ kind, version }) => version === 0 && ['outage', 'stuck-series', 'unit', 'clock-shift'].includes(kind));
  expect(begun).toHaveLength(1);
});

test('a meter that stood at zero while it learnt is judged by what it is now', () => {
  const alive = points(300, (at) => (at < start + 40 * dayMs ? 0 : Math.round(office(at) * (at >= start + 280 * dayMs ? 3 : 1))));
  const found = judged(
    amount,
    alive,
    detectors.filter(({ kind }) => kind === 'use'),
  );
  expect(found.some(({ since, version }) => version === 0 && since > start + 270 * dayMs)).toBe(true);
});

test('a machine that goes on and off from reading to reading, as it does every day, may', () => {
  const cycles = points(130, (at, place) => Math.round((office(at) / 4) * (at % dayMs < 5 * hourMs ? (place % 2 === 0 ? 1.9 : 0.1) : 1)), 900_000);
  expect(judged(amountOfQuarter, cycles).filter(({ kind }) => kind === 'two-senders')).toEqual([]);
});

test('after something unusual nothing more is said for some days, but for what is far beyond any limit', () => {
  const again = from + 3 * dayMs + 10 * hourMs;
  const series = (times: number): Point[] => meter(4, (value, at) => value * (at < from + dayMs / 2 ? 3 : at >= again && at < again + 2 * hourMs ? times : 1));
  const said = (times: number): number => judged(amount, series(times)).filter(({ version, since }) => version === 0 && since >= again - hourMs).length;
  expect([said(1), said(1.7), said(30) > 0]).toEqual([0, 0, true]);
});

test('a night without heat is seen though the boiler rested all summer; who rests every night may, and a full car park too', () => {
  const summer = (at: number): boolean => at >= start + 40 * dayMs && at < start + 100 * dayMs;
  const night = (at: number): boolean => at >= start + 160 * dayMs && at < start + 160.5 * dayMs;
  const boiler = judged(
    amount,
    points(180, (at) => (summer(at) || night(at) ? 0 : office(at))),
  );
  const found = boiler.filter(({ kind, version, since }) => kind === 'stuck-series' && version === 0 && since > start + 150 * dayMs);
  expect(found).toMatchObject([{ code: 'rest', since: start + 160 * dayMs + hourMs }]);
  expect(found[0]?.reason).toEqual({
    fr: 'Rien que zéro depuis 8 h, et pas une heure ainsi depuis un mois.',
    en: 'Nothing but zero for 8 h, and not one such hour for a month.',
  });
  // Six hours of each night, and once for twenty hours.
  const nightly = points(180, (at) => (at % dayMs < 6 * hourMs || (at >= start + 160 * dayMs && at < start + 160 * dayMs + 20 * hourMs) ? 0 : office(at)));
  // By night nobody comes or goes; once it is full then.
  const byDay = (at: number): boolean => at % dayMs >= 7 * hourMs && at % dayMs < 20 * hourMs;
  const isFull = (at: number): boolean => at >= start + 49 * dayMs + 19 * hourMs && at < start + 50 * dayMs + 7 * hourMs;
  const full = points(60, (at, place) => (isFull(at) ? 0 : byDay(at) ? 200 + Math.round(50 * noise(place)) : 300), 300_000, 0);
  for (const [about, series] of [[amount, nightly], [places, full]] as const) // biome-ignore format: one line
    expect(judged(about, series).filter(({ code }) => code === 'rest')).toEqual([]);
});
