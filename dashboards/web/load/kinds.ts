/** What the pages must know of each kind of anomaly to say its figures rightly; a test holds it against the detectors. Words are left to text/. */
import type { AnomalyKind } from '../../../core/reading.ts';

export interface KindFacts {
  /** What its figures are about: a reading, an hour (an amount is per hour), or no value at all. */
  readonly of: 'reading' | 'hour' | 'nothing';
  /** Its figures are on a scale of their own, and cannot be laid over the curve. */
  readonly ownScale?: true;
  /** Where the data are in doubt, nothing can be said in kWh. */
  readonly doubts: 'data' | 'consumption';
}

export const kindFacts: Readonly<Record<AnomalyKind, KindFacts>> = {
  'out-of-range': { of: 'reading', doubts: 'data' },
  stuck: { of: 'reading', doubts: 'data' },
  silent: { of: 'nothing', doubts: 'data' },
  jump: { of: 'reading', doubts: 'data' },
  'clock-step': { of: 'nothing', doubts: 'data' },
  'detector-failed': { of: 'nothing', doubts: 'data' },
  register: { of: 'reading', doubts: 'data' },
  'two-senders': { of: 'reading', doubts: 'data' },
  'stuck-series': { of: 'hour', doubts: 'data' },
  outage: { of: 'hour', doubts: 'data' },
  unit: { of: 'hour', doubts: 'data' },
  'clock-shift': { of: 'hour', doubts: 'data' },
  'new-extreme': { of: 'hour', doubts: 'consumption' },
  'unusual-hour': { of: 'hour', doubts: 'consumption' },
  'base-load': { of: 'hour', doubts: 'consumption' },
  use: { of: 'hour', doubts: 'consumption' },
  lighting: { of: 'reading', doubts: 'consumption' },
  // Watts under a sun of 1,000 W/m².
  'solar-yield': { of: 'hour', doubts: 'consumption', ownScale: true },
  'solar-peers': { of: 'hour', doubts: 'consumption', ownScale: true },
  'phase-imbalance': { of: 'reading', doubts: 'consumption' },
  'voltage-quality': { of: 'reading', doubts: 'consumption' },
  overload: { of: 'reading', doubts: 'consumption' },
  'transformer-heat': { of: 'reading', doubts: 'consumption' },
  charger: { of: 'reading', doubts: 'consumption' },
  battery: { of: 'reading', doubts: 'consumption' },
};
