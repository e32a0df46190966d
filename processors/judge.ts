/** Operator judge: hands readings to the detectors (hours: `judge-hours.ts`), and turns their judgements into anomalies that begin and end. */
import type { QuantityRule, ResolvedType } from '../core/device-type.ts';
import type { FoldRule, Point } from '../core/fold.ts';
import { fromQuanta, type Quantity } from '../core/quantity.ts';
import type { Anomaly } from '../core/reading.ts';
import { dayMs, hourMs, minuteMs } from '../core/time.ts';
import { unitSymbol } from '../core/unit.ts';
import { type About, type Detector, type DetectorState, type HourDetector, type Judgement, over, type ReadingDetector, type Show } from './detect/detector.ts';
import { detectors } from './detect/registry.ts';
import { type PeerDays, peersOf } from './learn/peers.ts';
import type { Declared } from './registry.ts';
import { type Hull, isExcluded, type KeyState, type Said, type SubjectState } from './state.ts';

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

export const stateOf = (key: KeyState, kind: string): DetectorState => {
  const known = key.detectors[kind];
  if (known !== undefined) return known;
  const fresh: DetectorState = {};
  key.detectors[kind] = fresh;
  return fresh;
};

const noFloats = new Float32Array(0);
export const floatsOf = (key: KeyState, kind: string, count: number): Float32Array => {
  if (count === 0) return noFloats;
  key.floats ??= {};
  const known = key.floats[kind];
  if (known?.length === count) return known;
  // A program that keeps more or less of it than the one before begins anew: the numbers stand for what was in the block.
  const state = stateOf(key, kind);
  for (const name of Object.keys(state)) if (!ofWhatLasts.has(name)) delete state[name];
  const fresh = new Float32Array(count);
  key.floats[kind] = fresh;
  return fresh;
};
/** Numbers of a detector that are the judge's own: what lasts goes on, whatever is learnt anew. */
const ofWhatLasts = new Set(['openSince', 'openValue', 'openVersion', 'openRevised', 'endedAt', 'off']);

/** Where the pipeline's judgements go. */
export interface Verdicts {
  readonly subject: string;
  readonly offset: number;
  readonly anomalies: Anomaly[];
}

/** What a key is judged beside; without it it is judged alone. */
export interface Others {
  /** What solar plants told of one another. */
  readonly solar: PeerDays;
  /** The keys of the device. */
  readonly keys: ReadonlyMap<string, KeyState>;
}

const besideOf =
  ({ rules }: ResolvedType, keys: Others['keys']): About['beside'] =>
  (quantity) => {
    const point = keys.get(quantity)?.recent.at(-1);
    const rule = rules.get(quantity);
    if (point === undefined || point.value === null || rule === undefined || isExcluded(point)) return null;
    return { at: point.at, value: fromQuanta(rule.quantity, point.value) };
  };

export const aboutOf = ({ device, type, place }: Declared, rule: QuantityRule, fold: FoldRule, others?: Others): About => ({
  rule,
  fold,
  intervalMs: device.intervalMs ?? type.type.intervalMs,
  capacity: device.capacity,
  place,
  produces: type.type.energy?.of === 'production',
  peers: others === undefined || type.type.energy?.of !== 'production' ? undefined : peersOf(others.solar, device.id, rule.quantity.name),
  beside: others === undefined ? undefined : besideOf(type, others.keys),
});

/** With its unit, for a reason. By hand: what `Intl` prints depends on the machine, and reasons are stored. */
const shown = (quantity: Quantity, quanta: number, language: 'fr' | 'en'): string => {
  const value = fromQuanta(quantity, Math.round(quanta));
  const isLarge = quantity.unit === 'W' && Math.abs(value) >= 1_000;
  const [whole = '', fraction] = String(isLarge ? value / 1_000 : value).split('.');
  const { thousands, decimal } = language === 'fr' ? { thousands: '\u202f', decimal: ',' } : { thousands: ',', decimal: '.' };
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, thousands) + (fraction === undefined ? '' : decimal + fraction);
  return `${digits} ${isLarge ? 'kW' : unitSymbol(quantity.unit)}`.trimEnd();
};

/** Judges a reading that came on time. */
export const judge = (key: KeyState, point: Point, about: About, to: Verdicts, panel: Panel = panelOf(about.rule)): void => {
  for (const detector of panel.ofReadings) {
    const state = stateOf(key, detector.kind);
    let judgement: Judgement | null = null;
    try {
      if (state.off !== 1) judgement = detector.update(state, floatsOf(key, detector.kind, detector.floats), point, about);
    } catch {
      switchOff(key, detector, point.at, about, to);
      continue;
    }
    if (judgement !== null && judgement.unusual !== (state.openSince !== undefined)) note(key, detector, state, judgement, point.at, about, to);
  }
};

export const isOpen = (key: KeyState, kind: string): boolean => key.detectors[kind]?.openSince !== undefined;

/** A detector that throws is switched off for its key, and says so. */
export const switchOff = (key: KeyState, detector: Detector, at: number, about: About, to: Verdicts): void => {
  if (isOpen(key, detector.kind)) note(key, detector, stateOf(key, detector.kind), over(at), at, about, to);
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
};

/** Begins or ends an anomaly. @param judgement another than the one that stands @param at up to where it was seen, epoch ms */
export const note = (key: KeyState, detector: Detector, state: DetectorState, judgement: Judgement, at: number, about: About, to: Verdicts): void => {
  const { quantity } = about.rule;
  const { unusual } = judgement;
  const show: Show = (quanta, language) => shown(quantity, quanta, language);
  const inUnit = (quanta: number | null | undefined): number | null =>
    quanta === null || quanta === undefined ? null : fromQuanta(quantity, Math.round(quanta));
  // Two anomalies of a kind never overlap.
  const since = state.openSince ?? Math.max(judgement.since, state.endedAt ?? 0);
  let said: Said | undefined;
  try {
    said = unusual ? saidOf(detector, judgement, show, inUnit) : key.said?.[detector.kind];
  } catch {
    switchOff(key, detector, at, about, to);
    return;
  }
  to.anomalies.push({
    id: `${to.subject}/${quantity.name}/${detector.kind}/${since}`,
    subject: to.subject,
    quantity: quantity.name,
    kind: detector.kind,
    since,
    observed: inUnit(unusual ? judgement.observed : state.openValue),
    offset: to.offset,
    until: unusual ? null : at,
    version: unusual ? 0 : (state.openVersion ?? 0) + 1,
    ...(said ?? { usual: null }),
    reason: unusual && said !== undefined ? said.reason : ended(said?.reason, at - since),
    ...(state.openRevised === undefined ? {} : { basisRevised: state.openRevised }),
  });
  widen(key, since, at);
  remember(state, unusual ? since : undefined, judgement.observed);
  keepSaid(key, detector.kind, unusual ? said : undefined);
  if (!unusual) state.endedAt = at;
};

type InUnit = (quanta: number | null | undefined) => number | null;

const saidOf = (detector: Detector, judgement: Judgement, show: Show, inUnit: InUnit): Said => ({
  usual: judgement.usual === null ? null : [inUnit(judgement.usual[0]) as number, inUnit(judgement.usual[1]) as number],
  reason: detector.reason(judgement, show),
  score: Math.round(judgement.score * 1_000) / 1_000,
  expected: inUnit(judgement.expected),
  code: judgement.code,
});

const keepSaid = (key: KeyState, kind: string, said: Said | undefined): void => {
  if (said !== undefined) {
    key.said ??= {};
    key.said[kind] = said;
  } else if (key.said !== undefined) {
    delete key.said[kind];
    if (Object.keys(key.said).length === 0) delete key.said;
  }
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

/** What it was, and how long it lasted. */
const ended = (said: Anomaly['reason'] | undefined, ms: number): Anomaly['reason'] => {
  const { fr, en } = lasted(ms);
  return { fr: sentences(said?.fr, `Revenu à la normale après ${fr}.`), en: sentences(said?.en, `Back to usual after ${en}.`) };
};
const sentences = (first: string | undefined, second: string): string => (first === undefined ? second : `${first} ${second}`);

/** In the unit in which one would say it. */
const lasted = (ms: number): Anomaly['reason'] => {
  const minutes = Math.round(ms / minuteMs);
  if (minutes < 120) return { fr: `${minutes} min`, en: `${minutes} min` };
  const hours = Math.round(ms / hourMs);
  return hours < 48 ? { fr: `${hours} h`, en: `${hours} h` } : { fr: `${Math.round(ms / dayMs)} jours`, en: `${Math.round(ms / dayMs)} days` };
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

/** Begins or ends a silence: called with `silent` where a device is not silent yet and the open time since its last arrival passes the type's limit, and without it on the arrival that ends it. */
export const judgeSilence = (subject: SubjectState, silent: boolean, logTime: number, to: Verdicts): void => {
  const since = subject.silentSince ?? subject.arrivedAt;
  const { fr, en } = lasted(logTime - since);
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
      fr: silent ? `Rien reçu depuis ${fr}.` : `Muet pendant ${fr}.`,
      en: silent ? `Nothing received for ${en}.` : `Silent for ${en}.`,
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
