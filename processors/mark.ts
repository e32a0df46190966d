/**
 * Operator mark: what was judged stays as it was judged; an anomaly in whose span a revision changed readings is marked
 * `basis-revised`, by one more version of its row. What changed is told by `revise`.
 */
import type { Anomaly } from '../core/reading.ts';
import type { Outputs } from '../core/store.ts';
import type { Lost } from './horizon.ts';
import type { Context } from './pipeline.ts';
import type { Hull, KeyState, SubjectState } from './state.ts';

/** Anomalies that are looked at in one tick; those behind them wait for the next. */
export const judgedPerTickMax = 1_000;

/** What one revision changed of a device, as far as it was ever judged. */
export interface Basis {
  readonly revision: number;
  readonly spans: readonly (readonly [quantity: string, from: number, to: number])[];
  /** The last anomaly that was looked at; null before the first. */
  after: Pick<Anomaly, 'since' | 'id'> | null;
}

/** Learns of a device whose snapshot is of a program that did not mark where its anomalies lie: one read, once. */
export const learnHulls = async ({ history }: Context, name: string, subject: SubjectState, offset: number): Promise<void> => {
  const unknown = [...subject.keys].filter(([, key]) => key.judged === undefined);
  if (unknown.length === 0 && subject.silences !== undefined) return;
  const whole = { subject: name, from: 0, to: Number.MAX_SAFE_INTEGER, limit: judgedPerTickMax, after: null };
  const found = await history.judged(whole, offset);
  const hullOf = (quantity: string): Hull | null => {
    if (found.length === judgedPerTickMax) return [0, Number.MAX_SAFE_INTEGER];
    const own = found.filter((anomaly) => anomaly.quantity === quantity);
    return own.length === 0 ? null : [Math.min(...own.map(({ since }) => since)), Math.max(...own.map(({ since, until }) => until ?? since))];
  };
  for (const [quantity, key] of unknown) key.judged = hullOf(quantity);
  if (subject.silences === undefined) subject.silences = hullOf('');
};

/** @param open something was judged and has not ended */
const mayTouch = (hull: Hull | null | undefined, open: boolean, [from, to]: Lost): boolean =>
  hull !== undefined && hull !== null && to >= hull[0] && (open || from <= hull[1]);

/** Of the changed spans those that may touch an anomaly of the key or of its device: for most keys none, and nothing is asked. */
export const judgedSpans = (subject: SubjectState, key: KeyState, spans: readonly Lost[]): Lost[] => {
  if (spans.length === 0) return [];
  const isOpen = Object.values(key.detectors).some(({ openSince }) => openSince !== undefined);
  return spans.filter((span) => mayTouch(key.judged, isOpen, span) || mayTouch(subject.silences, subject.silentSince !== null, span));
};

/** Marks what the oldest unmarked revision of a device touched: one range of its anomalies. @returns how many were looked at, at least 1 */
export const mark = async ({ history }: Context, name: string, subject: SubjectState, offset: number, limit: number, out: Outputs): Promise<number> => {
  const [basis] = subject.unmarked ?? [];
  if (basis === undefined) return 0;
  const { spans, after } = basis;
  const from = spans.reduce((least, span) => Math.min(least, span[1]), Number.MAX_SAFE_INTEGER);
  const to = spans.reduce((most, span) => Math.max(most, span[2]), 0);
  const found = await history.judged({ subject: name, from, to, limit, after }, offset);
  for (const anomaly of found) if (isTouched(anomaly, basis)) remark(subject, anomaly, basis.revision, offset, out);
  const last = found.at(-1);
  if (found.length === limit && last !== undefined) basis.after = { since: last.since, id: last.id };
  else subject.unmarked?.shift();
  if (subject.unmarked?.length === 0) delete subject.unmarked;
  return Math.max(1, found.length);
};

const isTouched = (anomaly: Anomaly, { spans, revision }: Basis): boolean =>
  (anomaly.basisRevised ?? -1) < revision &&
  spans.some(
    ([quantity, from, to]) =>
      (anomaly.quantity === '' || anomaly.quantity === quantity) && anomaly.since <= to && (anomaly.until === null || anomaly.until >= from),
  );

/** One more version; one that lasts will end with the version after it. */
const remark = (subject: SubjectState, anomaly: Anomaly, revision: number, offset: number, out: Outputs): void => {
  const version = anomaly.version + 1;
  out.anomalies.push({ ...anomaly, offset, version, basisRevised: revision });
  if (anomaly.quantity === '') {
    if (subject.silentSince !== anomaly.since) return;
    subject.silentVersion = version;
    subject.silentRevised = revision;
    return;
  }
  const detector = subject.keys.get(anomaly.quantity)?.detectors[anomaly.kind];
  if (detector?.openSince !== anomaly.since) return;
  detector.openVersion = version;
  detector.openRevised = revision;
};
