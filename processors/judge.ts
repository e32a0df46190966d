/** Operator judge: hands readings to the detectors, and turns their judgements into anomalies that begin and end. */
import type { QuantityRule } from '../core/device-type.ts';
import type { Point } from '../core/fold.ts';
import { fromQuanta, type Quantity } from '../core/quantity.ts';
import type { Anomaly } from '../core/reading.ts';
import { unitSymbol } from '../core/unit.ts';
import type { Detector, DetectorState } from './detect/detector.ts';
import { detectors } from './detect/registry.ts';
import type { Hull, KeyState, SubjectState } from './state.ts';

const applicable = new WeakMap<QuantityRule, readonly Detector[]>();

const detectorsOf = (rule: QuantityRule): readonly Detector[] => {
  let found = applicable.get(rule);
  if (found === undefined) {
    found = detectors.filter((detector) => detector.appliesTo(rule));
    applicable.set(rule, found);
  }
  return found;
};

const detectorState = (key: KeyState, kind: string): DetectorState => {
  const known = key.detectors[kind];
  if (known !== undefined) return known;
  const fresh: DetectorState = {};
  key.detectors[kind] = fresh;
  return fresh;
};

/** Where the pipeline's judgements go. */
export interface Verdicts {
  readonly subject: string;
  readonly offset: number;
  readonly anomalies: Anomaly[];
}

/** With its unit, for a reason. By hand: what `Intl` prints depends on the machine, and reasons are stored. */
const shown = (quantity: Quantity, quanta: number, language: 'fr' | 'en'): string => {
  const value = fromQuanta(quantity, quanta);
  const isLarge = quantity.unit === 'W' && Math.abs(value) >= 1_000;
  const digits = String(isLarge ? value / 1_000 : value);
  return `${language === 'fr' ? digits.replace('.', ',') : digits} ${isLarge ? 'kW' : unitSymbol(quantity.unit)}`.trimEnd();
};

/** Judges a reading that came on time. */
export const judge = (key: KeyState, point: Point, rule: QuantityRule, to: Verdicts): void => {
  for (const detector of detectorsOf(rule)) {
    const state = detectorState(key, detector.kind);
    const judgement = detector.update(state, point, rule);
    if (judgement === null || judgement.unusual === (state.openSince !== undefined)) continue;
    const { quantity } = rule;
    const show = (quanta: number, language: 'fr' | 'en'): string => shown(quantity, quanta, language);
    const since = state.openSince ?? judgement.since;
    const observed = judgement.unusual ? point.value : (state.openValue ?? null);
    const usual = judgement.usual === null ? null : ([fromQuanta(quantity, judgement.usual[0]), fromQuanta(quantity, judgement.usual[1])] as const);
    const id = `${to.subject}/${quantity.name}/${detector.kind}/${since}`;
    const seen = observed === null ? null : fromQuanta(quantity, observed);
    const row = { id, subject: to.subject, quantity: quantity.name, kind: detector.kind, since, observed: seen, usual, offset: to.offset };
    to.anomalies.push({
      ...row,
      until: judgement.unusual ? null : point.at,
      reason: judgement.unusual ? detector.reason(judgement, observed, show) : ended(point.at - since),
      version: judgement.unusual ? 0 : (state.openVersion ?? 0) + 1,
      ...(state.openRevised === undefined ? {} : { basisRevised: state.openRevised }),
    });
    const hull = widened(key.judged, since, point.at);
    if (hull !== undefined) key.judged = hull;
    note(state, judgement.unusual ? since : undefined, observed);
  }
};

/** The hull with [from, to] in it; what is not known of stays unknown. */
const widened = (hull: Hull | null | undefined, from: number, to: number): Hull | undefined => {
  if (hull === undefined) return undefined;
  return hull === null ? [from, Math.max(from, to)] : [Math.min(hull[0], from), Math.max(hull[1], from, to)];
};

/** What ends it says how long it lasted; what it was stands in the first version. */
const ended = (ms: number): Anomaly['reason'] => {
  const minutes = Math.round(ms / 60_000);
  return { fr: `Revenu à la normale après ${minutes} min.`, en: `Back to usual after ${minutes} min.` };
};

const note = (state: DetectorState, since: number | undefined, observed: number | null): void => {
  delete state.openSince;
  delete state.openValue;
  delete state.openVersion;
  delete state.openRevised;
  if (since === undefined) return;
  state.openSince = since;
  if (observed !== null) state.openValue = observed;
};

/** Judges silence: called with `silent` when the open time since the last arrival passes the type's limit, and without it on arrival. */
export const judgeSilence = (subject: SubjectState, silent: boolean, logTime: number, to: Verdicts): void => {
  if (silent === (subject.silentSince !== null)) return;
  const since = subject.silentSince ?? subject.arrivedAt;
  const minutes = Math.round((logTime - since) / 60_000);
  to.anomalies.push({
    id: `${to.subject}//silent/${since}`,
    subject: to.subject,
    quantity: '',
    kind: 'silent',
    since,
    until: silent ? null : logTime,
    observed: null,
    usual: null,
    reason: {
      fr: silent ? `Rien reçu depuis ${minutes} min.` : `Muet pendant ${minutes} min.`,
      en: silent ? `Nothing received for ${minutes} min.` : `Silent for ${minutes} min.`,
    },
    offset: to.offset,
    version: silent ? 0 : (subject.silentVersion ?? 0) + 1,
    ...(subject.silentRevised === undefined ? {} : { basisRevised: subject.silentRevised }),
  });
  subject.silentSince = silent ? since : null;
  delete subject.silentVersion;
  delete subject.silentRevised;
  const hull = widened(subject.silences, since, logTime);
  if (hull !== undefined) subject.silences = hull;
};
