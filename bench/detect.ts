/** Measures what judging costs: readings of many series, interleaved, folded with all detectors and with none, and the memory of a series. Prints JSON. */
import type { Point } from '../core/fold.ts';
import { hourMs, minuteMs } from '../core/time.ts';
import { resolveTypes } from '../devices/registry.ts';
import type { About } from '../processors/detect/detector.ts';
import { aboutOf, panelOf } from '../processors/judge.ts';
import { type OneKey, oneKey } from '../processors/one-key.ts';
import { type Declared, foldRule } from '../processors/registry.ts';

const seriesCount = Number(process.argv[2] ?? 1_000);
const days = Number(process.argv[3] ?? 3);
const start = Date.UTC(2026, 0, 5);
const types = resolveTypes();

const aboutKey = (type: string, quantity: string, intervalMs: number): About => {
  const resolved = types.get(type);
  const rule = resolved?.rules.get(quantity);
  if (resolved === undefined || rule === undefined) throw new Error(`no ${type} with ${quantity}`);
  const declared: Declared = { device: { id: 'key', type, intervalMs }, type: resolved };
  return aboutOf(declared, rule, foldRule(declared, rule, 'Europe/Paris'));
};

/** What a town's devices report, and how often. */
const mix: readonly About[] = [
  aboutKey('submeter', 'active_energy_import', 5 * minuteMs),
  aboutKey('submeter', 'active_power', 5 * minuteMs),
  aboutKey('room-sensor', 'temperature', 10 * minuteMs),
  aboutKey('car-park', 'free_places', 5 * minuteMs),
  aboutKey('linky', 'active_energy_import', 15 * minuteMs),
  aboutKey('pv-inverter', 'active_power', minuteMs),
];

const valueAt = (about: About, at: number, n: number): number => {
  const hour = at / hourMs;
  const wave = 2_000 + 800 * Math.sin((hour / 24) * 2 * Math.PI + n) + (((at / minuteMs) * 7_919 + n * 104_729) % 61);
  return Math.round(about.fold.kind === 'index' ? 1e6 + ((at - start) / hourMs) * 20_000 + wave : wave);
};

const feed = (keys: readonly { one: OneKey; about: About }[], from: number, to: number): { points: number; cpuMs: number } => {
  let points = 0;
  const began = process.cpuUsage();
  for (let at = from; at < to; at += minuteMs) {
    for (let n = 0; n < keys.length; n++) {
      const { one, about } = keys[n] as (typeof keys)[number];
      if (at % about.intervalMs !== 0) continue;
      const point: Point = { at, spanMs: 0, value: valueAt(about, at, n), flags: 0 };
      one.take(point);
      points++;
    }
  }
  const { user, system } = process.cpuUsage(began);
  return { points, cpuMs: (user + system) / 1_000 };
};

const keysWith = (judged: boolean): { one: OneKey; about: About }[] =>
  Array.from({ length: seriesCount }, (_, n) => {
    const about = mix[n % mix.length] as About;
    return { about, one: oneKey(about, undefined, judged ? panelOf(about.rule) : { ofReadings: [], ofHours: [] }) };
  });

const bytesOf = ({ one }: { one: OneKey }): number =>
  Object.values(one.key.floats ?? {}).reduce((sum, block) => sum + block.byteLength, 0) +
  Object.values(one.key.detectors).reduce((sum, state) => sum + 8 * Object.keys(state).length, 0);

const fresh = (judged: boolean) => {
  const keys = keysWith(judged);
  // A day to warm up, and to have every detector's memory there.
  feed(keys, start, start + 24 * hourMs);
  return { keys, ...feed(keys, start + 24 * hourMs, start + (1 + days) * 24 * hourMs) };
};

const bare = fresh(false);
const full = fresh(true);
const bytes = full.keys.map(bytesOf);
const mean = bytes.reduce((sum, one) => sum + one, 0) / bytes.length;
console.log(
  JSON.stringify({
    series: seriesCount,
    points: full.points,
    cpuUsAPointFolded: Math.round((1e6 * bare.cpuMs) / bare.points) / 1_000,
    cpuUsAPointJudged: Math.round((1e6 * full.cpuMs) / full.points) / 1_000,
    judgedACpuSecond: Math.round((1_000 * full.points) / Math.max(1, full.cpuMs - bare.cpuMs)),
    foldedAndJudgedACpuSecond: Math.round((1_000 * full.points) / full.cpuMs),
    bytesASeries: Math.round(mean),
    bytesMax: Math.max(...bytes),
  }),
);
