/** The contract of detectors, over all that are registered: no judgement changes when later readings are cut, memory is bounded and leaves and comes back whole, bad series hurt nobody. */
import { describe, expect, test } from 'vitest';
import type { Point } from '../../core/fold.ts';
import type { Anomaly } from '../../core/reading.ts';
import type { About, Detector, ReadingDetector } from '../../processors/detect/detector.ts';
import { detectors } from '../../processors/detect/registry.ts';
import { panelFrom } from '../../processors/judge.ts';
import { learningOf } from '../../processors/judge-hours.ts';
import { floatsBack, floatsOut } from '../../processors/learn/memory.ts';
import { peersOf } from '../../processors/learn/peers.ts';
import { usualFloats } from '../../processors/learn/usual.ts';
import { type OneKey, oneKey } from '../../processors/one-key.ts';
import type { KeyState } from '../../processors/state.ts';
import { drive, townOf } from '../drive.ts';
import { aboutKey, began, dayMs, hourMs, judged, noise, office, points, start } from './series.ts';

const amount = aboutKey('submeter', 'active_energy');
/** The made office keeps the hours of UTC all year. */
const still = aboutKey('submeter', 'active_energy', hourMs, 'UTC');
const power = aboutKey('submeter', 'active_power', 900_000);
const voltage = aboutKey('submeter', 'voltage_l1', 900_000);
const places = aboutKey('car-park', 'free_places', 300_000, 'Europe/Berlin', 400);
const register = aboutKey('submeter', 'active_energy_import', 900_000, 'UTC');

/** Of everything something goes wrong in it, late enough that each detector has learnt. */
const eventful = (at: number, place: number): number | null | undefined => {
  const day = (at - start) / dayMs;
  const value = office(at);
  if (day > 60 && day < 61) return 0;
  if (day > 70 && day < 72) return office(start);
  if (day > 80 && day < 81) return value * 10;
  if (day > 90 && day < 97) return Math.round(value * 1.6);
  if (day > 105 && day < 107) return undefined;
  if (day > 112 && day < 120) return office(at - 6 * hourMs);
  return place % 977 === 0 ? value * 4 : value;
};

const series: readonly (readonly [name: string, About, Point[]])[] = [
  ['an office by the hour', amount, points(125, eventful)],
  ['its power', power, points(125, (at, place) => eventful(at, place), 900_000, 0)],
  ['a voltage', voltage, points(60, (_, place) => (place % 1500 === 1400 ? 2_000 : 23_000 + Math.round(300 * noise(place))), 900_000, 0)],
  [
    'a car park',
    places,
    points(
      60,
      (at) =>
        Math.round(
          200 +
            150 * Math.sin((Math.min(at, at > start + 50 * dayMs ? at : start + 47 * dayMs) / dayMs) * 2 * Math.PI) +
            4 * noise(Math.floor(Math.min(at, at > start + 50 * dayMs ? at : start + 47 * dayMs) / 900_000)),
        ),
      300_000,
      0,
    ),
  ],
];

/** Judgements that were there when the series was cut and are others in the whole. */
const changedBy = (judge: (about: About, list: readonly Point[]) => Anomaly[], about: About, list: readonly Point[], share: number): number => {
  const some = list.slice(0, Math.round(share * list.length));
  const before = judge(about, some).map((one) => JSON.stringify(one));
  const after = judge(about, list)
    .slice(0, before.length)
    .map((one) => JSON.stringify(one));
  return before.filter((line, place) => line !== after[place]).length;
};

test.each(series)('%s: what was judged stays when later readings come', (_, about, list) => {
  expect(judged(about, list).length).toBeGreaterThan(0);
  for (const share of [0.3, 0.61, 0.8, 0.95]) expect(changedBy(judged, about, list, share)).toBe(0);
});

test('that check sees a detector which knows of later readings', () => {
  const peeks = (about: About, list: readonly Point[]): Anomaly[] => {
    const highest = Math.max(...list.map(({ value }) => value ?? 0));
    const peek: ReadingDetector = {
      kind: 'jump',
      sees: 'reading',
      doubts: 'data',
      numbersMax: 0,
      floats: 0,
      appliesTo: () => true,
      update: (_state, _floats, { at, value }) => ({
        unusual: (value ?? 0) >= highest,
        score: 1,
        since: at,
        observed: value,
        expected: null,
        usual: null,
        code: 'x',
        values: {},
      }),
      reason: () => ({ fr: '', en: '' }),
    };
    return judged(about, list, [peek]);
  };
  const rising = points(20, (_, place) => Math.round(1000 + place + 900 * noise(place)));
  expect(changedBy(peeks, amount, rising, 0.5)).toBeGreaterThan(0);
});

/** What the judge keeps beside a detector's own numbers: since when, value, version and revision of what is open, when the last ended, off. */
const judgeNumbers = 6;
/** The model's own: hours, offset, size, and whether it was ever below zero. And beside it: two rests, trouble, strain and its time. */
const model = { numbersMax: 4 + 5, floats: usualFloats };
const overLimit = (key: KeyState, list: readonly Detector[]): string[] =>
  Object.entries(key.detectors).flatMap(([kind, state]) => {
    const one = kind === 'usual' ? model : list.find((detector) => detector.kind === kind);
    const numbers = Object.keys(state).length;
    const floats = key.floats?.[kind]?.length ?? 0;
    return one !== undefined && numbers <= one.numbersMax + judgeNumbers && floats === one.floats ? [] : [`${kind}: ${numbers} numbers, ${floats} floats`];
  });

const run = (about: About, list: readonly Point[]): OneKey => {
  const one = oneKey(about);
  for (const point of list) one.take(point);
  return one;
};

test.each(series)('%s: memory stays within the stated limit, and leaves and comes back whole', (_, about, list) => {
  const half = list.length >> 1;
  const one = run(about, list.slice(0, half));
  expect(overLimit(one.key, detectors)).toEqual([]);
  const text = JSON.stringify(one.key, (_name, value) => floatsOut(value));
  const parsed = JSON.parse(text) as KeyState;
  const floats = Object.fromEntries(Object.entries(parsed.floats ?? {}).map(([kind, block]) => [kind, floatsBack(block)]));
  const again = oneKey(about, { ...parsed, ...(parsed.floats === undefined ? {} : { floats }) });
  for (const point of list.slice(half)) {
    one.take(point);
    again.take(point);
  }
  expect(one.anomalies.slice(one.anomalies.length - again.anomalies.length).map((row) => JSON.stringify(row))).toEqual(
    again.anomalies.map((row) => JSON.stringify(row)),
  );
  expect(overLimit(one.key, detectors)).toEqual([]);
});

test('that check sees a detector whose memory grows', () => {
  const grows: ReadingDetector = {
    kind: 'jump',
    sees: 'reading',
    doubts: 'data',
    numbersMax: 3,
    floats: 0,
    appliesTo: () => true,
    update(state, _floats, { at }) {
      state[`seen ${at}`] = 1;
      return null;
    },
    reason: () => ({ fr: '', en: '' }),
  };
  const one = oneKey(amount, undefined, panelFrom([grows], amount.rule));
  for (const point of points(10, (at) => office(at))) one.take(point);
  expect(overLimit(one.key, [grows])).toEqual(['jump: 240 numbers, 0 floats']);
});

/** Bytes of a key, without what the language adds. */
const memoryBytes = ({ numbersMax, floats }: Pick<Detector, 'numbersMax' | 'floats'>): number => 8 * numbersMax + 4 * floats;

test('all detectors of a key together keep at most 12 KB', () => {
  const roof: About = { ...power, place: [2.27, 48.82], produces: true, peers: peersOf({}, 'roof', 'active_power') };
  for (const about of [...series.map(([, about]) => about), register, roof]) {
    const able = detectors.filter(({ appliesTo, isFor }) => appliesTo(about.rule) && (isFor === undefined || isFor(about)));
    const bytes = able.reduce((sum, detector) => sum + memoryBytes(detector) + 8 * judgeNumbers, memoryBytes(model));
    expect(bytes).toBeLessThanOrEqual(12_288);
  }
});

describe('bad series: no exception, no false alarm, a stated state', () => {
  const quiet = (about: About, list: readonly Point[]): void => expect(began(run(about, list).anomalies)).toEqual([]);
  test('constant', () =>
    quiet(
      amount,
      points(120, () => 100_000),
    ));
  test('nothing but zeros', () =>
    quiet(
      amount,
      points(120, () => 0),
    ));
  test('empty, and missing values only', () => {
    quiet(amount, []);
    quiet(
      amount,
      points(60, () => null),
    );
  });
  test('sparse: one reading a month', () =>
    quiet(
      amount,
      points(1_200, (at, place) => (place % 720 === 0 ? office(at) : undefined)),
    ));
  test('bursts: an hour of readings a week', () =>
    quiet(
      power,
      points(200, (at, place) => (place % 672 < 4 ? office(at) : undefined), 900_000, 0),
    ));
  test('another interval from the middle on', () =>
    quiet(
      power,
      points(160, (at, place) => (at < start + 80 * dayMs || place % 4 === 0 ? office(at) : undefined), 900_000, 0),
    ));
  test("a year's gap", () =>
    quiet(
      still,
      points(600, (at) => (at > start + 100 * dayMs && at < start + 465 * dayMs ? undefined : office(at))),
    ));
  test('days of 23 and of 25 hours', () =>
    quiet(
      amount,
      points(366, (at) => office(at + (at > Date.parse('2024-03-31T01:00Z') && at < Date.parse('2024-10-27T01:00Z') ? 2 : 1) * hourMs)),
    ));
  test('a usual office for two years', () =>
    quiet(
      still,
      points(730, (at) => office(at)),
    ));
  test('a meter that is replaced in mid-history: said once, and consumption goes on', () => {
    let sum = 5_000_000;
    const list = points(
      160,
      (at) => {
        sum = at === start + 90 * dayMs ? 1_000 : sum + office(at) / 4;
        return Math.round(sum);
      },
      900_000,
      0,
    );
    expect(began(run(register, list).anomalies)).toEqual(['register 2024-03-31T00:00:00.000Z']);
  });
  test('values at the edge of what can be kept', () => {
    for (const about of [amount, power, places])
      run(
        about,
        points(90, (_, place) => (place % 3) * 2 ** 30 - 2 ** 30, about.intervalMs, about.fold.kind === 'delta' ? about.intervalMs : 0),
      );
  });
  test('it says how far it has learnt', () => {
    expect(
      learningOf(
        run(
          amount,
          points(9, (at) => office(at)),
        ).key,
        amount.rule,
      ),
    ).toMatchObject({ days: 8, of: 21 });
    expect(
      learningOf(
        run(
          amount,
          points(90, (at) => office(at)),
        ).key,
        amount.rule,
      ),
    ).toBeNull();
  });
});

test('a detector that throws is switched off for its key, with an anomaly of its own, and the pipeline goes on', async () => {
  const town = townOf([
    { id: 'ill', type: 'submeter' },
    { id: 'well', type: 'submeter' },
  ]);
  const gate = await drive(town, start);
  const send = (n: number, power: number): void => {
    gate.at(start + n * 60_000);
    for (const id of ['ill', 'well']) gate.send(id, { ts: start + n * 60_000, values: { active_power: power } });
  };
  send(0, 5_000);
  await gate.process();
  await gate.checkpoint();
  // A snapshot that a detector cannot live with.
  const scopes = gate.pipeline
    .snapshot(true)
    .map(({ scope, body }) => ({ scope, body: scope === 'subject/ill' ? body.replace('"jump":{', '"jump":null,"x":{') : body }));
  gate.pipeline.restore(scopes);
  for (let n = 1; n <= 100; n++) send(n, n === 100 ? 4_000_000 : 5_000 + n);
  await gate.process();
  const { rows } = await gate.store.anomalies({ limit: 20 });
  const told = rows.map(({ subject, kind, code, until }) => [subject, kind, code, until === null]).sort();
  expect(told).toEqual([
    ['ill', 'detector-failed', 'jump', true],
    ['well', 'jump', 'jump', true],
  ]);
  expect(gate.ledger().readings.stored).toBe(202);
});

test('one that throws when it is to say why is switched off too', () => {
  const [jump] = detectors.filter((one): one is ReadingDetector => one.kind === 'jump');
  const mute: ReadingDetector = {
    ...(jump as ReadingDetector),
    update: () => ({ unusual: true, score: 1, since: start, observed: 5, expected: null, usual: null, code: 'any', values: {} }),
    reason() {
      throw new Error('no words');
    },
  };
  const one = oneKey(power, undefined, panelFrom([mute], power.rule));
  for (const point of points(1, () => 5, power.intervalMs)) one.take(point);
  expect(one.anomalies.map(({ kind }) => kind)).toEqual(['detector-failed']);
});
