/** Made series and keys for the tests of detectors: what a device sends, as points in quanta. */
import type { QuantityRule } from '../../core/device-type.ts';
import type { Point } from '../../core/fold.ts';
import { toQuanta } from '../../core/quantity.ts';
import { type Anomaly, Flag } from '../../core/reading.ts';
import { resolveTypes } from '../../devices/registry.ts';
import type { About, Detector } from '../../processors/detect/detector.ts';
import { detectors } from '../../processors/detect/registry.ts';
import { aboutOf, panelFrom } from '../../processors/judge.ts';
import { type OneKey, oneKey } from '../../processors/one-key.ts';
import { type Declared, foldRule } from '../../processors/registry.ts';
import type { KeyState } from '../../processors/state.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
export const start = Date.parse('2024-01-01T00:00:00Z');

const types = resolveTypes();

/** A quantity of a device of some type that reports every `intervalMs`. */
export const aboutKey = (type: string, quantity: string, intervalMs = hourMs, zone = 'Europe/Paris', capacity?: number): About => {
  const resolved = types.get(type);
  const rule = resolved?.rules.get(quantity) as QuantityRule;
  const declared = { device: { id: 'key', type, intervalMs, imported: true }, type: resolved } as Declared;
  return { rule, fold: foldRule(declared, rule, zone), intervalMs, capacity };
};

/** A random number in [−1, 1) by place: the same for the same place and seed. */
export const noise = (place: number, seed = 1): number => {
  const mixed = Math.imul(place + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  const more = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return ((more ^ (more >>> 13)) >>> 0) / 2 ** 31 - 1;
};

/** What an office uses in an hour, quanta of 0.0001 kWh: working days from 7 to 19, nights at a third, some noise. */
export const office = (at: number, seed = 1): number => {
  const hour = Math.floor(at / hourMs);
  const day = Math.floor(at / dayMs) + 3;
  const works = day % 7 < 5 && hour % 24 >= 7 && hour % 24 < 19;
  return Math.round(100_000 * (works ? 3 : 1) * (1 + 0.06 * noise(hour, seed)) + (works ? 20_000 * noise(day, seed + 9) : 0));
};

/** A reading an interval over some days, as `valueAt` says; undefined: none comes. */
export const points = (days: number, valueAt: (at: number, place: number) => number | null | undefined, intervalMs = hourMs, spanMs = intervalMs): Point[] => {
  const found: Point[] = [];
  for (let place = 0; place * intervalMs < days * dayMs; place++) {
    const at = start + place * intervalMs;
    const value = valueAt(at, place);
    if (value !== undefined) found.push({ at, spanMs, value, flags: 0 });
  }
  return found;
};

/** What is judged of a series, by these detectors alone. */
export const judged = (about: About, series: readonly Point[], list: readonly Detector[] = detectors): Anomaly[] => {
  const one = oneKey(about, undefined, panelFrom(list, about.rule));
  for (const point of series) one.take(point);
  return one.anomalies;
};

export const began = (anomalies: readonly Anomaly[]): string[] =>
  anomalies.filter(({ version }) => version === 0).map(({ kind, since }) => `${kind} ${new Date(since).toISOString()}`);

/** A device with several quantities, whose keys see one another: what it sends, values in their units or words of their states, and what these detectors said. */
export const oneDevice = (type: string, intervalMs: number, kinds: readonly string[]) => {
  const resolved = types.get(type);
  const declared = { device: { id: 'device', type, intervalMs, imported: true }, type: resolved } as Declared;
  const list = detectors.filter(({ kind }) => kinds.includes(kind));
  const keys = new Map<string, KeyState>();
  const ones = new Map<string, OneKey>();
  const keyOf = (quantity: string, rule: QuantityRule): OneKey => {
    const known = ones.get(quantity);
    if (known !== undefined) return known;
    const about = aboutOf(declared, rule, foldRule(declared, rule, 'Europe/Paris'), { solar: {}, keys });
    const one = oneKey(about, undefined, panelFrom(list, rule));
    ones.set(quantity, one);
    keys.set(quantity, one.key);
    return one;
  };
  return {
    keys: keys as ReadonlyMap<string, KeyState>,
    send(at: number, values: Readonly<Record<string, number | string>>): void {
      for (const [quantity, value] of Object.entries(values)) {
        const rule = resolved?.rules.get(quantity) as QuantityRule;
        const quanta = typeof value === 'string' ? (rule.quantity.states?.indexOf(value) ?? -1) : toQuanta(rule.quantity, value);
        const [low, high] = rule.plausible ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
        const isPlausible = typeof value === 'string' || (value >= low && value <= high);
        keyOf(quantity, rule).take({ at, spanMs: 0, value: quanta, flags: isPlausible ? 0 : Flag.implausible | Flag.excluded });
      }
    },
    said: (): Anomaly[] => [...ones.values()].flatMap(({ anomalies }) => anomalies),
  };
};
