/** All detectors of single keys, in the order in which they judge. Silence is judged by `judge.ts`, from ticks. */
import { baseLoad } from './base-load.ts';
import { battery } from './battery.ts';
import { charger } from './charger.ts';
import { clockShift } from './clock-shift.ts';
import type { Detector } from './detector.ts';
import { jump } from './jump.ts';
import { lighting } from './lighting.ts';
import { newExtreme } from './new-extreme.ts';
import { outOfRange } from './out-of-range.ts';
import { outage } from './outage.ts';
import { overload } from './overload.ts';
import { phaseImbalance } from './phase-imbalance.ts';
import { register } from './register.ts';
import { solarPeers } from './solar-peers.ts';
import { solarYield } from './solar-yield.ts';
import { stuck } from './stuck.ts';
import { stuckSeries } from './stuck-series.ts';
import { transformerHeat } from './transformer-heat.ts';
import { twoSenders } from './two-senders.ts';
import { unit } from './unit.ts';
import { unusualHour } from './unusual-hour.ts';
import { use } from './use.ts';
import { voltageQuality } from './voltage-quality.ts';

export const detectors: readonly Detector[] = [
  outOfRange,
  stuck,
  jump,
  register,
  twoSenders,
  stuckSeries,
  outage,
  unit,
  clockShift,
  newExtreme,
  unusualHour,
  baseLoad,
  use,
  lighting,
  solarYield,
  solarPeers,
  phaseImbalance,
  voltageQuality,
  overload,
  transformerHeat,
  charger,
  battery,
];
