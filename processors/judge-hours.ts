/** Operator judge, for hours: hands closed hours to the detectors, data first, and keeps what a key usually does. What becomes of a judgement is left to `judge.ts`. */
import type { QuantityRule } from '../core/device-type.ts';
import type { Element } from '../core/pane.ts';
import { dayMs } from '../core/time.ts';
import { type About, type DetectorState, type HourDetector, type Judgement, type Learning, over } from './detect/detector.ts';
import { takeFinal } from './hours.ts';
import { floatsOf, isOpen, note, type Panel, panelOf, stateOf, switchOff, type Verdicts } from './judge.ts';
import { type Hour, hourOf } from './learn/hour.ts';
import { learnDays, learntDays, learnUsual, moveUsual, usualFloats, usualOf } from './learn/usual.ts';
import type { KeyState } from './state.ts';

/** What lasts so long is no fault any more: it is taken for the usual. */
const lastingMs = 14 * dayMs;
/** After something unusual has ended, nothing more is said of consumption for so long. */
const restMs = 5 * dayMs;
/** And nothing that rests on the usual where that has moved. */
const movedRestMs = 10 * dayMs;
/** But for what is so many times its limit: no rest hides that. */
const plainTimes = 5;
/** Who is unusual often must be so by more: each alarm adds so much to the ratio that the next one needs, and half of it is forgotten in so long. */
const strainOfAlarm = 0.2;
const strainHalfMs = 60 * dayMs;
/** Alarms so near to one another are one event. */
const oneEventMs = 2 * dayMs;
/** Where the model of the usual is kept, beside the detectors. */
const model = 'usual';
/** What something unusual teaches, of what it would. */
const unusualEase = 0.2;

/** What is at hand while a key's hours are judged. */
interface Sitting {
  readonly key: KeyState;
  readonly about: About;
  readonly to: Verdicts;
  readonly panel: Panel;
  /** Numbers and floats of the model. */
  readonly known: DetectorState;
  readonly floats: Float32Array;
}

/** Judges the hours of a key that are final when its time is `now`. */
export const judgeHours = (key: KeyState, now: number, about: About, to: Verdicts, panel: Panel = panelOf(about.rule)): void => {
  const elements = takeFinal(key, now);
  if (panel.ofHours.length === 0 || elements.length === 0) return;
  const sitting = { key, about, to, panel, known: stateOf(key, model), floats: floatsOf(key, model, usualFloats) };
  for (const element of elements) judgeHour(sitting, element);
};

const judgeHour = (sitting: Sitting, element: Element): void => {
  const { key, panel, known, floats } = sitting;
  const hour = hourOf(element, key.fold.rule, (bare) => usualOf(known, floats, bare));
  let doubted = panel.ofReadings.some((detector) => detector.doubts === 'data' && isOpen(key, detector.kind));
  for (const detector of panel.ofHours) {
    if (!isFor(detector, sitting.about)) withdraw(sitting, detector, hour);
    else if (detector.doubts === 'data') judgeData(sitting, detector, hour);
  }
  doubted ||= panel.ofHours.some((detector) => detector.doubts === 'data' && isOpen(key, detector.kind));
  // What is in doubt is no consumption.
  const seen = doubted ? { ...hour, value: null } : hour;
  for (const detector of panel.ofHours) {
    if (detector.doubts === 'consumption' && isFor(detector, sitting.about)) judgeConsumption(sitting, detector, seen, doubted);
  }
  const open = panel.ofHours.some(({ kind }) => isOpen(key, kind));
  if (lastsTooLong(known, hour, open)) settleOn(sitting, hour);
  // Nothing is learnt of what is in doubt, little of what is unusual.
  if (!doubted) learnUsual(known, floats, hour, open ? unusualEase : 1);
};

/** Ends what a detector said of a key that it is no longer for: the town changed, or the program. */
const withdraw = ({ key, about, to }: Sitting, detector: HourDetector, { start, end }: Hour): void => {
  if (isOpen(key, detector.kind)) note(key, detector, stateOf(key, detector.kind), over(start), end, about, to);
};

const isFor = ({ isFor: own }: HourDetector, about: About): boolean => own === undefined || own(about);

/** @returns null too where the detector is off, or just failed */
const ask = ({ key, about, to }: Sitting, detector: HourDetector, state: DetectorState, hour: Hour): Judgement | null => {
  if (state.off === 1) return null;
  try {
    return detector.update(state, floatsOf(key, detector.kind, detector.floats), hour, about);
  } catch {
    switchOff(key, detector, hour.start, about, to);
    return null;
  }
};

const judgeData = (sitting: Sitting, detector: HourDetector, hour: Hour): void => {
  const { key, about, to, panel, known } = sitting;
  const state = stateOf(key, detector.kind);
  const judgement = ask(sitting, detector, state, hour);
  if (judgement === null || judgement.unusual === (state.openSince !== undefined)) return;
  // One fault is said once: by who sees it first.
  if (judgement.unusual && panel.ofHours.some((one) => one.doubts === 'data' && isOpen(key, one.kind))) return;
  if (judgement.unusual && detector.needsUsual && !mayBeSaid(known, judgement, hour, known.movedUntil)) return;
  note(key, detector, state, judgement, hour.end, about, to);
  if (judgement.unusual) addStrain(known, hour.end);
};

const judgeConsumption = (sitting: Sitting, detector: HourDetector, hour: Hour, doubted: boolean): void => {
  const { key, about, to, panel, known } = sitting;
  const state = stateOf(key, detector.kind);
  const asked = ask(sitting, detector, state, hour);
  const open = state.openSince !== undefined;
  // A doubt in the data ends what was said of consumption: the two are one fault.
  const judgement = doubted ? over(hour.start) : asked;
  if (judgement === null || judgement.unusual === open) return;
  if (judgement.unusual) {
    const isSaid = panel.ofHours.some((one) => one.doubts === 'consumption' && isOpen(key, one.kind));
    if (isSaid || !mayBeSaid(known, judgement, hour, known.quietUntil)) return;
    addStrain(known, hour.end);
  } else known.quietUntil = Math.max(known.quietUntil ?? 0, hour.end + restMs);
  note(key, detector, state, judgement, hour.end, about, to);
};

/** The ratio to its limit that something unusual needs to be said. */
const strainOf = ({ strain = 0, strainAt = 0 }: DetectorState, at: number): number => 1 + strain * 2 ** ((strainAt - at) / strainHalfMs);

/** True where it goes beyond what an alarm needs by now; while the key rests, far beyond. */
const mayBeSaid = (known: DetectorState, { score }: Judgement, { start }: Hour, restUntil = 0): boolean =>
  score >= 1 || score / (1 - score) >= strainOf(known, start) * (start < restUntil ? plainTimes : 1);

const addStrain = (known: DetectorState, at: number): void => {
  if (at - (known.strainAt ?? Number.NEGATIVE_INFINITY) < oneEventMs) return;
  known.strain = strainOf(known, at) - 1 + strainOfAlarm;
  known.strainAt = at;
};

/** True where something unusual has lasted so long that it is the usual now. */
const lastsTooLong = (known: DetectorState, { start }: Hour, open: boolean): boolean => {
  if (open) known.troubledSince ??= start;
  else if (known.troubledSince !== undefined) delete known.troubledSince;
  return start - (known.troubledSince ?? start) >= lastingMs;
};

/** Takes what lasts for the usual: what was said against it ends. */
const settleOn = ({ key, about, to, panel, known, floats }: Sitting, hour: Hour): void => {
  delete known.troubledSince;
  const stale = panel.ofHours.filter(({ kind, needsUsual }) => needsUsual && isOpen(key, kind));
  if (stale.length === 0) return;
  moveUsual(known, floats);
  for (const detector of stale) note(key, detector, stateOf(key, detector.kind), over(hour.start), hour.end, about, to);
  known.quietUntil = hour.end + movedRestMs;
  known.movedUntil = known.quietUntil;
};

/**
 * How far the detectors of a key have learnt: the one that needs longest; null where all judge.
 * @param about of the device; without it detectors count that are not for it
 */
export const learningOf = (key: KeyState, rule: QuantityRule, about?: About): Learning | null => {
  const { ofReadings, ofHours: able } = panelOf(rule);
  const ofHours = about === undefined ? able : able.filter((detector) => isFor(detector, about));
  const own = [...ofReadings, ...ofHours].map(({ kind, floats, learning }) => learning?.(stateOf(key, kind), floatsOf(key, kind, floats)) ?? null);
  const days = learntDays(stateOf(key, model));
  const found = [...own, ofHours.length > 0 && days < learnDays ? { days, of: learnDays } : null].filter((one) => one !== null);
  return found.sort((a, b) => b.of - b.days - (a.of - a.days))[0] ?? null;
};
