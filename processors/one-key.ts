/** One key on its way: a reading that came on time is folded and judged. The pipeline does so, and `octroi judge` with a key alone; which readings are on time, and what is stored, is left to them. */
import type { Closure, Point } from '../core/fold.ts';
import type { Anomaly } from '../core/reading.ts';
import type { About } from './detect/detector.ts';
import { noteClosed } from './hours.ts';
import { judge, type Panel, panelOf, type Verdicts } from './judge.ts';
import { judgeHours } from './judge-hours.ts';
import { append, type Emit, isOnTime, pass } from './key-fold.ts';
import { freshKey, isExcluded, type KeyState, remember } from './state.ts';

/**
 * Folds a reading and judges it; first the hours that lie before it and are final now.
 * @returns as `append`
 */
export const takeOnTime = (key: KeyState, point: Point, about: About, closures: readonly Closure[], emit: Emit, to: Verdicts, panel?: Panel): number | null => {
  remember(key, point);
  const missed = isExcluded(point) ? pass(key.fold, point.at) : append(key.fold, point, closures, emit);
  judgeHours(key, point.at, about, to, panel);
  judge(key, point, about, to, panel);
  return missed;
};

/** A key without a pipeline. */
export interface OneKey {
  readonly key: KeyState;
  /** Judges a reading; one that lies behind is passed over, as it is never judged. */
  readonly take: (point: Point) => void;
  /** What was judged so far. */
  readonly anomalies: Anomaly[];
}

/** @param key its state so far @param panel whom to ask; default all detectors that apply */
export const oneKey = (about: About, key: KeyState = freshKey(about.fold), panel: Panel = panelOf(about.rule)): OneKey => {
  const anomalies: Anomaly[] = [];
  const to = { subject: 'key', offset: 0, anomalies };
  const emit: Emit = (level, element) => noteClosed(key, level, element);
  return {
    key,
    anomalies,
    take(point) {
      if (isOnTime(key.fold, point.at)) takeOnTime(key, point, about, [], emit, to, panel);
    },
  };
};
