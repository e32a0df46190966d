/** Operator judge: hands readings and closed hours to the detectors, and turns their judgements into anomalies that begin and end. */
import type { QuantityRule } from '../core/device-type.ts';
import type { FoldRule, Point } from '../core/fold.ts';
import { fromQuanta, type Quantity } from '../core/quantity.ts';
import type { Anomaly } from '../core/reading.ts';
import { dayMs } from '../core/time.ts';
import { unitSymbol } from '../core/unit.ts';
import {
  type About,
  type Detector,
  type DetectorState,
  type HourDetector,
  type Judgement,
  type Learning,
  over,
  type ReadingDetector,
  type Show,
} from './detect/detector.ts';
import { detectors } from './detect/registry.ts';
import { takeFinal } from './hours.ts';
import { type Hour, hourOf } from './learn/hour.ts';
import { learnDays, learntDays, learnUsual, moveUsual, usualFloats, usualOf } from './learn/usual.ts';
import type { Declared } from './registry.ts';
import type { Hull, KeyState, SubjectState } from './state.ts';

/** The detectors that have something to say of a quantity. */
export interface Panel {
  readonly ofReadings: readonly ReadingDetector[];
  /** Doubts of the data first. */
  readonly ofHours: readonly HourDetector[];
}

const panels = new WeakMap<QuantityRule, Panel>();

export const panelOf = (rule: QuantityRule): Panel => {
  let found = panels.get(rule);
  if (found === undefined) {
    found = panelFrom(detectors, rule);
    panels.set(rule, found);
  }
  return found;
};
export const panelFrom = (list: readonly Detector[], rule: QuantityRule): Panel => {
  const able = list.filter((detector) => detector.appliesTo(rule));
  const ofHours = able.filter((detector) => detector.sees === 'hour');
  const data = ofHours.filter(({ doubts }) => doubts === 'data');
  return { ofReadings: able.filter((detector) => detector.sees === 'reading'), ofHours: [...data, ...ofHours.filter((one) => !data.includes(one))] };
};

/** What lasts so long is no fault any more: the usual is learnt anew. */
const lastingMs = 14 * dayMs;
/** After something unusual has ended, nothing more that rests on the usual is said for so long. */
const restMs = 5 * dayMs;
/** Who is unusual often must be so by more: each alarm adds so much to the ratio that the next one needs, and half of it is forgotten in so long. */
const strainOfAlarm = 0.3;
const strainHalfMs = 60 * dayMs;
/** And where the usual itself has moved. */
const movedRestMs = 10 * dayMs;
/** Where the model of the usual is kept, beside the detectors. */
const model = 'usual';
/** What something unusual teaches, of what it would. */
const unusualEase = 0.2;

const stateOf = (key: KeyState, kind: string): DetectorState => {
  const known = key.detectors[kind];
  if (known !== undefined) return known;
  const fresh: DetectorState = {};
  key.detectors[kind] = fresh;
  return fresh;
};

const noFloats = new Float32Array(0);
const floatsOf = (key: KeyState, kind: string, count: number): Float32Array => {
  if (count === 0) return noFloats;
  key.floats ??= {};
  const known = key.floats[kind];
  // A program that keeps more or less of it than the one before begins anew.
  if (known?.length === count) return known;
  const fresh = new Float32Array(count);
  key.floats[kind] = fresh;
  return fresh;
};

/** Where the pipeline's judgements go. */
export interface Verdicts {
  readonly subject: string;
  readonly offset: number;
  readonly anomalies: Anomaly[];
}

export const aboutOf = ({ device, type }: Declared, rule: QuantityRule, fold: FoldRule): About => ({
  rule,
  fold,
  intervalMs: device.intervalMs ?? type.type.intervalMs,
  capacity: device.capacity,
});

/** With its unit, for a reason. By hand: what `Intl` prints depends on the machine, and reasons are stored. */
const shown = (quantity: Quantity, quanta: number, language: 'fr' | 'en'): string => {
  const value = fromQuanta(quantity, Math.round(quanta));
  const isLarge = quantity.unit === 'W' && Math.abs(value) >= 1_000;
  const digits = String(isLarge ? value / 1_000 : value);
  return `${language === 'fr' ? digits.replace('.', ',') : digits} ${isLarge ? 'kW' : unitSymbol(quantity.unit)}`.trimEnd();
};

/** Judges a reading that came on time. */
export const judge = (key: KeyState, point: Point, about: About, to: Verdicts, panel: Panel = panelOf(about.rule)): void => {
  for (const detector of panel.ofReadings) {
    const state = stateOf(key, detector.kind);
    const asked = (): Judgement | null => detector.update(state, floatsOf(key, detector.kind, detector.floats), point, about);
    note(key, detector, state, ask(key, detector, asked, point.at, about, to), point.at, about, to);
  }
};

/** Judges the hours of a key that are final when its time is `now`. */
export const judgeHours = (key: KeyState, now: number, about: About, to: Verdicts, panel: Panel = panelOf(about.rule)): void => {
  if (key.hours === undefined) return;
  const elements = takeFinal(key, now);
  if (panel.ofHours.length === 0) return;
  const known = stateOf(key, model);
  const floats = floatsOf(key, model, usualFloats);
  for (const element of elements) {
    const hour = hourOf(element, key.fold.rule, (bare) => usualOf(known, floats, bare));
    const doubted = judgeHour(key, hour, about, to, panel, known);
    const open = panel.ofHours.some(({ kind }) => isOpen(key, kind));
    if (lastsTooLong(known, hour, open)) settleOn(key, hour, about, to, panel, known, floats);
    // Nothing is learnt of what is in doubt, little of what is unusual.
    if (!doubted) learnUsual(known, floats, hour, open ? unusualEase : 1);
  }
};

/** True where something unusual has lasted so long that it is the usual now. */
const lastsTooLong = (known: DetectorState, { start }: Hour, open: boolean): boolean => {
  if (!open) delete known.troubledSince;
  else known.troubledSince ??= start;
  return start - (known.troubledSince ?? start) >= lastingMs;
};

/** Takes what lasts for the usual: what was said against it ends. */
const settleOn = (key: KeyState, hour: Hour, about: About, to: Verdicts, panel: Panel, known: DetectorState, floats: Float32Array): void => {
  delete known.troubledSince;
  const stale = panel.ofHours.filter(({ kind, needsUsual }) => needsUsual && isOpen(key, kind));
  if (stale.length === 0) return;
  moveUsual(known, floats);
  for (const detector of stale) note(key, detector, stateOf(key, detector.kind), over(hour.start), hour.end, about, to);
  known.quietUntil = hour.end + movedRestMs;
  known.movedUntil = known.quietUntil;
};

/** Its ratio to the limit. */
const ratioOf = (judgement: Judgement | null): number => {
  const { score } = judgement ?? { score: 0 };
  return score < 1 ? score / (1 - score) : Number.POSITIVE_INFINITY;
};

/** The ratio that something unusual needs to be said. */
const strainOf = ({ strain = 0, strainAt = 0 }: DetectorState, at: number): number => 1 + strain * 2 ** ((strainAt - at) / strainHalfMs);

const addStrain = (known: DetectorState, at: number): void => {
  known.strain = strainOf(known, at) - 1 + strainOfAlarm;
  known.strainAt = at;
};

/** @returns whether the data are in doubt */
const judgeHour = (key: KeyState, hour: Hour, about: About, to: Verdicts, panel: Panel, known: DetectorState): boolean => {
  const isDoubted = (): boolean => [...panel.ofReadings, ...panel.ofHours].some(({ doubts, kind }) => doubts === 'data' && isOpen(key, kind));
  let doubted = isDoubted();
  let seen = doubted ? { ...hour, value: null } : hour;
  for (const detector of panel.ofHours) {
    const state = stateOf(key, detector.kind);
    const ofData = detector.doubts === 'data';
    const asked = (): Judgement | null => detector.update(state, floatsOf(key, detector.kind, detector.floats), ofData ? hour : seen, about);
    let judgement = ask(key, detector, asked, hour.start, about, to);
    const open = state.openSince !== undefined;
    const begins = judgement?.unusual === true && !open;
    if (
      begins &&
      detector.needsUsual &&
      (ratioOf(judgement) < strainOf(known, hour.start) || hour.start < ((ofData ? known.movedUntil : known.quietUntil) ?? 0))
    )
      continue;
    if (ofData) {
      note(key, detector, state, judgement, hour.end, about, to);
      if (!doubted && isOpen(key, detector.kind)) {
        doubted = true;
        seen = { ...hour, value: null };
      }
      continue;
    }
    // A doubt in the data ends what was said of consumption: the two are one fault.
    if (doubted) judgement = open ? over(hour.start) : null;
    if (
      judgement?.unusual === true &&
      !open &&
      (hour.start < (known.quietUntil ?? 0) || panel.ofHours.some((one) => one.doubts !== 'data' && isOpen(key, one.kind)))
    )
      continue;
    note(key, detector, state, judgement, hour.end, about, to);
    if (open && state.openSince === undefined) known.quietUntil = Math.max(known.quietUntil ?? 0, hour.end + restMs);
  }
  return doubted;
};

const isOpen = (key: KeyState, kind: string): boolean => key.detectors[kind]?.openSince !== undefined;

/** Asks a detector; one that throws is switched off for this key, and says so. */
const ask = (key: KeyState, detector: Detector, asked: () => Judgement | null, at: number, about: About, to: Verdicts): Judgement | null => {
  if (key.detectors[detector.kind]?.off === 1) return null;
  try {
    return asked();
  } catch {
    const open = key.detectors[detector.kind]?.openSince;
    if (open !== undefined) note(key, detector, stateOf(key, detector.kind), over(at), at, about, to);
    key.detectors[detector.kind] = { off: 1 };
    delete key.floats?.[detector.kind];
    const { name } = about.rule.quantity;
    to.anomalies.push({
      id: `${to.subject}/${name}/detector-failed/${at}`,
      subject: to.subject,
      quantity: name,
      kind: 'detector-failed',
      since: at,
      until: null,
      observed: null,
      usual: null,
      reason: {
        fr: `Le contrôle « ${detector.kind} » a échoué sur cette série et y est arrêté ; les autres continuent.`,
        en: `The check "${detector.kind}" failed on this series and is switched off for it; the others go on.`,
      },
      code: detector.kind,
      offset: to.offset,
      version: 0,
    });
    widen(key, at, at);
    return null;
  }
};

/** Begins or ends an anomaly where the judgement is another than the one that stands. @param at up to where it was seen, epoch ms */
const note = (key: KeyState, detector: Detector, state: DetectorState, judgement: Judgement | null, at: number, { rule }: About, to: Verdicts): void => {
  if (judgement === null || judgement.unusual === (state.openSince !== undefined)) return;
  const { quantity } = rule;
  const { unusual } = judgement;
  const show: Show = (quanta, language) => shown(quantity, quanta, language);
  const inUnit = (quanta: number | null | undefined): number | null =>
    quanta === null || quanta === undefined ? null : fromQuanta(quantity, Math.round(quanta));
  // Two anomalies of a kind never overlap.
  const since = state.openSince ?? Math.max(judgement.since, state.endedAt ?? 0);
  const usual = judgement.usual === null ? null : ([inUnit(judgement.usual[0]) as number, inUnit(judgement.usual[1]) as number] as const);
  to.anomalies.push({
    id: `${to.subject}/${quantity.name}/${detector.kind}/${since}`,
    subject: to.subject,
    quantity: quantity.name,
    kind: detector.kind,
    since,
    observed: inUnit(unusual ? judgement.observed : state.openValue),
    usual,
    offset: to.offset,
    until: unusual ? null : at,
    reason: unusual ? detector.reason(judgement, show) : ended(at - since),
    version: unusual ? 0 : (state.openVersion ?? 0) + 1,
    ...(unusual ? { score: Math.round(judgement.score * 1_000) / 1_000, expected: inUnit(judgement.expected), code: judgement.code } : {}),
    ...(state.openRevised === undefined ? {} : { basisRevised: state.openRevised }),
  });
  widen(key, since, at);
  remember(state, unusual ? since : undefined, judgement.observed);
  if (unusual && detector.sees === 'hour') addStrain(stateOf(key, model), at);
  if (!unusual) state.endedAt = at;
};

const widen = (key: KeyState, from: number, to: number): void => {
  const hull = widened(key.judged, from, to);
  if (hull !== undefined) key.judged = hull;
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

const remember = (state: DetectorState, since: number | undefined, observed: number | null): void => {
  delete state.openSince;
  delete state.openValue;
  delete state.openVersion;
  delete state.openRevised;
  if (since === undefined) return;
  state.openSince = since;
  if (observed !== null) state.openValue = observed;
};

/** How far the detectors of a key have learnt: the one that needs longest; null where all judge. */
export const learningOf = (key: KeyState, rule: QuantityRule): Learning | null => {
  const { ofReadings, ofHours } = panelOf(rule);
  const own = [...ofReadings, ...ofHours].map(({ kind, floats, learning }) => learning?.(stateOf(key, kind), floatsOf(key, kind, floats)) ?? null);
  const days = learntDays(stateOf(key, model));
  const found = [...own, ofHours.length > 0 && days < learnDays ? { days, of: learnDays } : null].filter((one) => one !== null);
  return found.sort((a, b) => b.of - b.days - (a.of - a.days))[0] ?? null;
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
