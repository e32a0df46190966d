/** The grid and what hangs on it: phases, voltage, load and heat of a transformer, charge points, batteries. Each finds what it is for, says it in both languages, ends, and holds its tongue otherwise. */
import { describe, expect, test } from 'vitest';
import type { Anomaly } from '../../core/reading.ts';
import { dayMs, hourMs, noise, oneDevice, start } from './series.ts';

const minuteMs = 60_000;
const stepMs = 10 * minuteMs;

type Values = Readonly<Record<string, number | string>>;
/** What one detector said of a device that sends `valuesAt` every step, in the days [0, days). */
const saidOf = (type: string, kind: string, days: number, valuesAt: (day: number, at: number) => Values | null, step = stepMs): Anomaly[] => {
  const device = oneDevice(type, step, [kind]);
  for (let at = start; at < start + days * dayMs; at += step) {
    const values = valuesAt((at - start) / dayMs, at);
    if (values !== null) device.send(at, values);
  }
  return device.said();
};
/** Days since the start of its beginning and of its end, and its code. */
const lives = (said: readonly Anomaly[]): unknown[] =>
  said.map(({ since, until, code }) => [code, Math.round(((since - start) / dayMs) * 100) / 100, until === null ? null : Math.round((until - start) / hourMs)]);
const [day, evening] = [0.3, 1];
const shape = (days: number): number => (days % 1 > 0.7 ? evening : day);

describe('phases', () => {
  const phases = (values: (day: number) => readonly [number, number, number], days = 40, of = 'current'): Anomaly[] =>
    saidOf('transformer', 'phase-imbalance', days, (now) => {
      const [one, two, three] = values(now);
      return { [`${of}_l1`]: one, [`${of}_l2`]: two, [`${of}_l3`]: three };
    });
  const even = (now: number, of: number): readonly [number, number, number] => {
    const at = Math.floor(now * 144);
    return [of * (1.1 + 0.05 * noise(at, 1)), of * (0.95 + 0.05 * noise(at, 2)), of * (0.95 + 0.05 * noise(at, 3))];
  };
  test('a phase that is lost is said within the hour, and over when it is back', () => {
    const said = phases((now) => {
      const [one, two, three] = even(now, 300 * shape(now));
      return [one, now >= 35 && now < 35.5 ? 0 : two, three];
    });
    expect(lives(said)).toEqual([
      ['lost', 35, null],
      ['lost', 35, 853],
    ]);
    expect(said[0]?.reason.en).toMatch(/^One phase carries next to nothing \(L1 \d+(\.\d+)? A, L2 0 A, L3/);
    expect(said[0]?.reason.fr).toMatch(/^Une phase ne porte presque plus rien/);
  });
  test('who feeds single-phase homes is never even, and may be so; more than ever is said', () => {
    const uneven = (now: number, most: number): readonly [number, number, number] => [300 * (1 + (now % 1) * most), 300, 300];
    expect(phases((now) => uneven(now, 1.5))).toEqual([]);
    const said = phases((now) => uneven(now, now > 36 ? 6 : 1.5));
    expect(said[0]).toMatchObject({ code: 'uneven', quantity: 'current_l1' });
    expect(said[0]?.reason.en).toMatch(/^The three phases differ by \d+ % .* more than ever here/);
  });
  test('in whatever order a message has its phases, and one after another', () => {
    const inOrder = (order: readonly number[], apartMs = 0): unknown[] => {
      const device = oneDevice('transformer', stepMs, ['phase-imbalance']);
      for (let at = start; at < start + 36 * dayMs; at += stepMs) {
        const values = even((at - start) / dayMs, 300).map((value, phase) => (phase === 1 && at >= start + 35 * dayMs ? 0 : value));
        for (const [place, phase] of order.entries()) device.send(at + place * apartMs, { [`current_l${phase + 1}`]: values[phase] ?? 0 });
      }
      return lives(device.said());
    };
    const lost = [['lost', 35, null]];
    for (const order of [[0, 1, 2], [1, 2, 0], [2, 0, 1], [1, 0, 2]]) expect([order, inOrder(order)]).toEqual([order, lost]); // biome-ignore format: one line
    expect(inOrder([0, 1, 2], 1_000)).toEqual(lost);
  });
  test('nothing is said while next to nothing flows, of one phase alone, nor while it learns', () => {
    expect(phases((now) => (now % 1 > 0.7 ? even(now, 300) : [now > 35 ? 30 : 10, 10, 10]))).toEqual([]);
    expect(saidOf('transformer', 'phase-imbalance', 40, (now) => ({ current_l1: now > 35 ? 900 : 100 }))).toEqual([]);
    expect(phases((now) => (now > 12 ? [300, 0, 300] : [300, 300, 300]), 20)).toEqual([]);
  });
  test('of voltages two per cent are much', () => {
    const said = phases((now) => [230, 231, now >= 35 && now < 36 ? 218 : 229], 40, 'voltage');
    expect(lives(said)).toEqual([
      ['uneven', 35, null],
      ['uneven', 35, 865],
    ]);
    expect(phases((now) => [230, 231, now >= 35 ? 227 : 229], 40, 'voltage')).toEqual([]);
  });
});

describe('voltage', () => {
  const voltage = (volts: (day: number, at: number) => number | null, days = 12): Anomaly[] =>
    saidOf(
      'submeter',
      'voltage-quality',
      days,
      (now, at) => {
        const value = volts(now, at);
        return value === null ? null : { voltage_l1: value };
      },
      2 * minuteMs,
    );
  test('a mean of ten minutes beyond + 10 % is said, and over after an hour', () => {
    const said = voltage((now) => (now >= 5 && now < 5 + 30 / 1440 ? 255 : 236));
    expect(lives(said)).toEqual([
      ['beyond', 5, null],
      ['beyond', 5, 122],
    ]);
    expect(said[0]).toMatchObject({ observed: 255, usual: [207, 253], quantity: 'voltage_l1' });
    expect(said[0]?.reason.en).toBe('255 V as the mean of ten minutes: beyond the limits of EN 50160 (230 V +10/−15 %).');
  });
  test('the mean counts, not the reading', () => {
    expect(voltage((_now, at) => (at % stepMs === 0 ? 270 : 240))).toEqual([]);
    expect(voltage((_now, at) => (at % stepMs === 0 ? 20 : 240))).toEqual([]);
  });
  test('the fifty-first mean outside 10 % within seven days, and never fifty', () => {
    const low = (times: number) => (now: number) => (now >= 3 && now < 3 + times / 144 - 1e-6 ? 200 : 231);
    expect(voltage(low(50))).toEqual([]);
    const said = voltage(low(51));
    expect(lives(said)).toEqual([
      ['often', 3.35, null],
      ['often', 3.35, 240],
    ]);
    expect(said[0]?.reason.fr).toMatch(/^En sept jours 51 moyennes de dix minutes hors de 230 V ± 10 %/);
    // Fifty in one week and fifty in the next.
    expect(voltage((now) => ((now >= 1 && now < 1.34) || (now >= 8.5 && now < 8.84) ? 200 : 231), 16)).toEqual([]);
  });
  test('days without a reading are no good ones, and a gap is none beyond', () => {
    expect(voltage((now) => (now > 4 && now < 9 ? null : 231))).toEqual([]);
  });
});

describe('load of a transformer', () => {
  const loaded = (percent: (day: number) => number | null): Anomaly[] =>
    saidOf('transformer', 'overload', 3, (now) => {
      const value = percent(now);
      return value === null ? null : { load: value };
    });
  test('above its rated power for an hour, either way, until it is below 95 %', () => {
    for (const sign of [1, -1]) {
      const said = loaded((now) => sign * (now < 1 ? 80 : now < 1.25 ? 99.9 : now < 1.5 ? 97 : 90));
      expect(said).toEqual([]);
    }
    const said = loaded((now) => -(now >= 1 && now < 1.25 ? 100 : now >= 1.25 && now < 1.5 ? 97 : 90));
    expect(lives(said)).toEqual([
      ['rated', 1, null],
      ['rated', 1, 36],
    ]);
    expect(said[0]).toMatchObject({ observed: 100, usual: [0, 100] });
    expect(said[0]?.reason.en).toBe('100 % of the rated power, and above it for 60 min.');
  });
  test('above 150 % for ten minutes', () => {
    expect(loaded((now) => (now >= 1 && now < 1.005 ? 160 : 60))).toEqual([]);
    const [said] = loaded((now) => (now >= 1 && now < 1.01 ? 160 : 60));
    expect(said).toMatchObject({ code: 'most', observed: 160 });
    expect(said?.reason.fr).toMatch(/depuis 10 min : plus que l'IEC 60076-7/);
  });
  test('half an hour, a gap, and half an hour are no hour', () => {
    expect(loaded((now) => (now >= 1 && now < 1.02 ? 110 : now >= 1.02 && now < 1.1 ? null : now >= 1.1 && now < 1.12 ? 110 : 60))).toEqual([]);
  });
});

describe('heat of a transformer', () => {
  const air = (now: number): number => 10 + 6 * Math.sin(2 * Math.PI * now) + 4 * noise(Math.floor(now), 5);
  /** The oil of a load that lasts, after IEC 60076-7. */
  const oilOf = (percent: number): number => 55 * ((1 + 5 * (percent / 100) ** 2) / 6) ** 0.8;
  const heat = (values: (day: number) => Values, days = 50): Anomaly[] => saidOf('transformer', 'transformer-heat', days, values);
  test('oil of 105 °C, with or without a load', () => {
    for (const load of [{}, { load: 60 }]) {
      const said = heat((now) => ({ ...load, oil_temperature: now >= 2 && now < 2.2 ? 106 : 60 }), 4);
      expect(lives(said)).toEqual([
        ['oil', 2, null],
        ['oil', 2, 53],
      ]);
      expect(said[0]?.reason.en).toBe('Oil at 106 °C: IEC 60076-7 allows 105 °C in a normal cycle.');
    }
  });
  test('a hot spot of 120 °C, which the load puts on top of warm oil', () => {
    // 85 + 23 · 1.35^1.6 = 122.
    const said = heat((now) => ({ load: now >= 2 && now < 2.2 ? 135 : 100, oil_temperature: 85 }), 4);
    expect(said[0]).toMatchObject({ code: 'hot-spot', observed: 85 });
    expect(said[0]?.reason.fr).toMatch(/^Point chaud à 12[012] °C environ \(huile à 85 °C, charge 13\d %\)/);
    expect(heat((now) => ({ load: now >= 2 && now < 2.2 ? 125 : 100, oil_temperature: 85 }), 4)).toEqual([]);
  });
  test('oil that is warmer than load and air explain; a colder or warmer week, and a heavier load, are not that', () => {
    const percent = (now: number): number => 30 + 40 * shape(now);
    const usual = (now: number): number => air(now) + oilOf(percent(now));
    expect(heat((now) => ({ load: percent(now), oil_temperature: usual(now) }))).toEqual([]);
    expect(heat((now) => ({ load: percent(now), oil_temperature: usual(now) + (now > 40 ? 7 : 0) }))).toEqual([]);
    expect(heat((now) => ({ load: now > 40 ? 95 : percent(now), oil_temperature: air(now) + oilOf(now > 40 ? 95 : percent(now)) }))).toEqual([]);
    const said = heat((now) => ({ load: percent(now), oil_temperature: usual(now) + (now >= 40 && now < 44 ? 25 : 0) }));
    expect(said.map(({ code }) => code)).toEqual(['warmer', 'warmer']);
    expect(((said[0]?.since ?? 0) - start) / dayMs).toBeCloseTo(40, 1);
    expect(said[0]?.reason.en).toMatch(/^The oil is 2\d K warmer than its load/);
    expect(((said[1]?.until ?? 0) - start) / dayMs).toBeLessThan(46.1);
  });
});

describe('charge point', () => {
  const charging = (values: (day: number) => Values | null, days = 3): Anomaly[] => saidOf('ev-charger', 'charger', days, values);
  test('it charges and nothing flows', () => {
    const said = charging((now) => (now >= 1 && now < 1.5 ? { charging: 'charging', active_power: 0 } : { charging: 'available', active_power: 0 }));
    expect(lives(said)).toEqual([
      ['no-power', 1, null],
      ['no-power', 1, 36],
    ]);
    expect(said[0]?.reason.en).toMatch(/^The charge point has said to charge for 3 h, and nothing flows/);
  });
  test('power flows though it is free or out of order', () => {
    for (const state of ['available', 'out_of_order']) {
      const said = charging((now) => ({ charging: state, active_power: now >= 0.5 && now < 0.6 ? 7_000 : 0 }), 0.8);
      expect(said[0]).toMatchObject({ code: 'unsaid-power', quantity: 'charging' });
      expect(said.length).toBe(2);
    }
  });
  test('out of order for a day', () => {
    const said = charging((now) => ({ charging: now >= 1 && now < 2.5 ? 'out_of_order' : 'available', active_power: 0 }));
    expect(lives(said)).toEqual([
      ['out-of-order', 1, null],
      ['out-of-order', 1, 60],
    ]);
    expect(said[0]?.reason.fr).toBe('Hors service depuis 24 h.');
  });
  test('sessions, a car that is full, and one whose power nobody tells raise nothing', () => {
    const session = (now: number): Values =>
      now % 1 < 0.1
        ? { charging: 'charging', active_power: 7_000 }
        : now % 1 < 0.4
          ? { charging: 'finished', active_power: 0 }
          : { charging: 'available', active_power: 0 };
    expect(charging(session, 10)).toEqual([]);
    expect(charging(() => ({ charging: 'charging' }))).toEqual([]);
  });
});

describe('battery', () => {
  /** 40 kWh: from 10 to 14 it takes 8 kW, from 18 to 22 it gives them. */
  const powerAt = (now: number): number => {
    const hour = (now % 1) * 24;
    return hour >= 10 && hour < 14 ? 8_000 : hour >= 18 && hour < 22 ? -8_000 : 0;
  };
  const run = (change: (day: number) => { readonly capacity?: number; readonly frozen?: boolean }, days: number): Anomaly[] => {
    let stored = 5_000;
    let shown = 0;
    let before = 0;
    return saidOf('battery', 'battery', days, (now) => {
      const { capacity = 40_000, frozen = false } = change(now);
      stored += (before * stepMs) / hourMs;
      before = powerAt(now);
      if (!frozen) shown = Math.min(100, Math.max(0, (100 * stored) / capacity));
      return { state_of_charge: shown, active_power: before };
    });
  };
  test('day after day it raises nothing, nor does one that ages slowly', () => {
    expect(run(() => ({}), 40)).toEqual([]);
    expect(run((now) => ({ capacity: 40_000 * (1 - 0.002 * now) }), 60)).toEqual([]);
  });
  test('one that holds less than four fifths of what it did', () => {
    const said = run((now) => ({ capacity: now < 10 ? 50_000 : 37_000 }), 20);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ code: 'worn', until: null, quantity: 'state_of_charge' });
    expect(said[0]?.reason.en).toBe('The battery holds no more than 74 % of the energy a point of charge once stood for: worn cells, or the current sensor.');
  });
  test('a state of charge that does not move while energy flows, until it does', () => {
    const said = run((now) => ({ frozen: now >= 10.2 && now < 10.7 }), 12);
    expect(said.map(({ code, until }) => [code, until === null])).toEqual([
      ['frozen', true],
      ['frozen', false],
    ]);
    expect(((said[0]?.since ?? 0) - start) / dayMs).toBeLessThan(10.5);
    expect(said[0]?.reason.fr).toMatch(/^De l'énergie pour 2\d points a passé/);
  });
});
