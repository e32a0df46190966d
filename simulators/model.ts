/** What a simulated device is: values as a pure function of time. Which devices there are is left to the town; when they speak, to the fleet. */

import { minuteMs } from '../core/time.ts';
import { between, drift, hashText } from './chance.ts';
import { type Warp, warp } from './curve.ts';
import { type Shapes, type SiteUse, siteUses } from './shapes.ts';

/** Values by quantity name: numbers in the canonical unit, words of states. */
export type Values = Readonly<Record<string, number | string | null>>;

/** Says what a device measures at an instant (epoch ms). */
export interface Model {
  valuesAt(at: number): Values;
  /** Reports on change: the instants in (from, to] at which it does. Absent: it reports at its interval. */
  changes?(from: number, to: number): number[];
}

/** What a model is made from. */
export interface ModelInput {
  readonly id: string;
  /** Of all its chance: seed and name. */
  readonly key: number;
  readonly shapes: Shapes;
  readonly use: SiteUse;
  readonly areaM2: number;
  readonly capacity: number;
  readonly site: string;
}

export const modelInput = (
  seed: number,
  shapes: Shapes,
  device: { readonly id: string; readonly site?: string | undefined; readonly capacity?: number | undefined },
  site: { readonly use?: string | undefined; readonly areaM2?: number | undefined } | undefined,
): ModelInput => ({
  id: device.id,
  key: hashText(device.id, seed),
  shapes,
  use: siteUses.find((use) => use === site?.use) ?? 'office',
  areaM2: site?.areaM2 ?? 1_000,
  capacity: device.capacity ?? 100,
  site: device.site ?? '',
});

/** A device's own earliness (up to 25 minutes either way) and unevenness. */
export const ownWarp = ({ key }: ModelInput): Warp => warp(between(key, 100, -25, 25) * minuteMs, between(key, 101, 0, 1));

/** Uneven, and not shifted: for what the sun or a shared clock sets going. */
export const steadyWarp = ({ key }: ModelInput): Warp => warp(0, between(key, 101, 0, 1));

/** `value` to `digits` decimals. */
export const round = (value: number, digits: number): number => {
  const factor = 10 ** digits;
  const rounded = Math.round(value * factor) / factor;
  return rounded === 0 ? 0 : rounded;
};

/** A register rounds down: it has counted what is complete. */
export const registered = (value: number, digits: number): number => {
  const factor = 10 ** digits;
  return Math.floor(value * factor + 1e-6) / factor;
};

/** Mains voltage of a phase, V. */
export const mains = (key: number, at: number, sag = 0): number =>
  231.5 + 2.2 * drift(key ^ 0x55, at, 50 * minuteMs) + 0.7 * drift(key ^ 0x56, at, 40_000) - sag;

/** The register that a device shows at `epoch`, in [0, span). */
export const firstRegister = (key: number, span: number): number => Math.floor(between(key, 102, 0.05, 1) * span);
