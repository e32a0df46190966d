/**
 * Operator alarms: makes alarms of the anomalies that the pipeline puts out, and takes them through their life as time passes and
 * people answer (ISA-18.2). What becomes an alarm, and how soon, is `alarm-rules.ts`; telling anybody of it is left to others.
 */
import type { Alarm, AlarmAction, AlarmException, AlarmNews, Signed } from '../core/alarm.ts';
import type { Envelope } from '../core/envelope.ts';
import type { Anomaly } from '../core/reading.ts';
import type { History, Outputs } from '../core/store.ts';
import { minuteMs } from '../core/time.ts';
import type { Returning } from './alarm-band.ts';
import { type AlarmRule, type AlarmTown, alarmRuleOf, causeOf, usual } from './alarm-rules.ts';
import type { Context } from './pipeline.ts';

/** More alarms than a person can answer (EEMUA 191: ten in ten minutes): what is raised beyond is marked as part of a flood, unless its priority is high. */
export const floodAlarms = 10;
export const floodMs = 10 * minuteMs;

/** How often the numbers of an alarm are put out that changes nothing else: a device that flaps for a day makes a row a minute. */
const numbersMs = minuteMs;

interface OpenAlarm {
  /** Its last version. */
  alarm: Alarm;
  /** Since when none of its anomalies lasts, log time; null while one does. */
  emptySince: number | null;
  /** Its numbers changed since that version was put out, at `putAt` (log time). */
  isChanged: boolean;
  putAt: number;
}

/** Of an anomaly what its alarm says. */
type Joining = Pick<Anomaly, 'id' | 'kind' | 'subject' | 'quantity' | 'reason'>;

/** What the operator remembers: alarms that are open, by cause, and the anomalies that last. As many as a town has keys at the most. */
export interface AlarmBook {
  readonly open: Map<string, OpenAlarm>;
  /** The cause of each anomaly that an open alarm holds and that lasts, by its id. */
  readonly members: Map<string, string>;
  /** Anomalies that have not lasted long enough yet, and since when (log time), by id. */
  readonly pending: Map<string, { readonly anomaly: Joining; readonly since: number }>;
  /** Anomalies that are over, and whose value lies within the dead band, by id: kept by `alarm-band.ts`, where the readings are. */
  readonly returning: Map<string, Returning>;
  readonly exceptions: Map<string, AlarmException>;
  /** Anomalies that last and that an exception holds back, by id. */
  readonly held: Map<string, { readonly anomaly: Joining; readonly cause: string }>;
  /** Log times at which alarms were raised within `floodMs`; at most `floodAlarms`, or as many as the town sets. */
  raisedAt: number[];
}

export const emptyAlarmBook = (): AlarmBook => ({
  open: new Map(),
  members: new Map(),
  pending: new Map(),
  returning: new Map(),
  exceptions: new Map(),
  held: new Map(),
  raisedAt: [],
});

/** Of a snapshot, and back. */
export const alarmBookBody = ({ open, members, pending, returning, exceptions, held, raisedAt }: AlarmBook): string =>
  JSON.stringify({
    open: [...open],
    members: [...members],
    pending: [...pending],
    returning: [...returning],
    exceptions: [...exceptions],
    held: [...held],
    raisedAt,
  });
export const alarmBookOf = (body: string): AlarmBook => {
  // Snapshots of programs without dead bands have no anomalies whose value is still to return.
  const { open, members, pending, returning = [], exceptions, held, raisedAt } = JSON.parse(body);
  return {
    open: new Map(open),
    members: new Map(members),
    pending: new Map(pending),
    returning: new Map(returning),
    exceptions: new Map(exceptions),
    held: new Map(held),
    raisedAt,
  };
};

/** Where and when the operator works: the envelope's offset, and the log time. */
export interface AlarmContext {
  readonly book: AlarmBook;
  readonly registry: AlarmTown;
  /** True where a device has left the town. */
  readonly isGone: (subject: string) => boolean;
  readonly offset: number;
  readonly logTime: number;
  readonly out: Alarm[];
}

export const alarmContext = ({ state, registry }: Context, { offset }: Envelope, out: Outputs): AlarmContext => ({
  book: state.alarms,
  registry,
  isGone: (subject) => registry.find(subject) === undefined,
  offset,
  logTime: state.logTime,
  out: out.alarms,
});

const put = (context: AlarmContext, one: OpenAlarm, change: Partial<Alarm>): void => {
  one.alarm = { ...one.alarm, ...change, offset: context.offset, version: one.alarm.version + 1 };
  one.isChanged = false;
  one.putAt = context.logTime;
  context.out.push(one.alarm);
};

const isFlood = ({ book, logTime, registry }: AlarmContext): boolean => {
  const { floodAlarmsMax = floodAlarms, floodMs: withinMs = floodMs } = registry.town().alarms ?? {};
  book.raisedAt = book.raisedAt.filter((at) => logTime - at < withinMs);
  if (book.raisedAt.length >= floodAlarmsMax) return true;
  book.raisedAt.push(logTime);
  return false;
};

/** Of what is in the book: a later program or town may have another rule for it, or none. */
const ruleOf = ({ registry }: AlarmContext, kind: Anomaly['kind']): AlarmRule => alarmRuleOf(kind, registry.town().alarms) ?? usual;

const raise = (context: AlarmContext, anomaly: Joining, cause: string, site: string | null): void => {
  const { offset, logTime, book, out } = context;
  const { kind, subject, quantity, reason } = anomaly;
  const { priority } = ruleOf(context, kind);
  const alarm: Alarm = {
    id: `${cause}/${logTime}`,
    cause,
    kind,
    subject,
    quantity,
    site,
    priority,
    state: 'active',
    since: logTime,
    until: null,
    anomalies: 1,
    lasting: 1,
    firstAnomaly: anomaly.id,
    reason,
    acknowledged: null,
    shelved: null,
    label: null,
    flood: priority !== 'high' && isFlood(context),
    offset,
    version: 0,
  };
  book.open.set(cause, { alarm, emptySince: null, isChanged: false, putAt: logTime });
  out.push(alarm);
};

/** Takes an anomaly into the alarm of its cause, which it raises where there is none. */
const join = (context: AlarmContext, anomaly: Joining): void => {
  const { book } = context;
  const { cause, site } = causeOf(anomaly, context.registry);
  const exception = book.exceptions.get(cause);
  if (exception !== undefined) {
    book.exceptions.set(cause, { ...exception, held: exception.held + 1 });
    book.held.set(anomaly.id, { anomaly, cause });
    return;
  }
  book.members.set(anomaly.id, cause);
  const one = book.open.get(cause);
  if (one === undefined) {
    raise(context, anomaly, cause, site);
    return;
  }
  const { anomalies, lasting, state } = one.alarm;
  one.alarm = { ...one.alarm, anomalies: anomalies + 1, lasting: lasting + 1 };
  one.emptySince = null;
  if (state === 'returned') put(context, one, { state: 'active', until: null });
  else one.isChanged = true;
};

const leave = ({ book, logTime }: AlarmContext, id: string): void => {
  const one = book.open.get(book.members.get(id) ?? '');
  book.members.delete(id);
  if (one === undefined) return;
  one.alarm = { ...one.alarm, lasting: one.alarm.lasting - 1 };
  one.isChanged = true;
  if (one.alarm.lasting === 0) one.emptySince = logTime;
};

/** Takes a row of an anomaly: its beginning, its end, or a mark on it. One that is withheld stays with its alarm until it is back. */
const noticeAnomaly = (context: AlarmContext, anomaly: Anomaly, isWithheld: boolean): void => {
  const { book, logTime, registry } = context;
  const { id, subject, until, version, kind } = anomaly;
  const rule = alarmRuleOf(kind, registry.town().alarms);
  const isKnown = book.members.has(id) || book.pending.has(id) || book.held.has(id);
  // What an import found is history: nobody can answer it. What is known ends, whatever the town sets since.
  if (!isKnown && (rule === null || registry.find(subject)?.device.imported === true)) return;
  if (until === null) {
    if (isKnown) return;
    if (version > 0) return; // a mark on one that raised no alarm
    if ((rule ?? usual).onDelayMs > 0) book.pending.set(id, { anomaly, since: logTime });
    else join(context, anomaly);
    return;
  }
  if (book.pending.delete(id)) return;
  if (version === 0) join(context, anomaly); // it began and ended at once
  book.held.delete(id);
  if (!isWithheld) leave(context, id);
};

/** Takes what one envelope brought: its kind, and what was judged. */
export const passAlarms = (context: AlarmContext, kind: Envelope['kind'], judgements: readonly AlarmNews[]): void => {
  for (const one of judgements) {
    if ('back' in one) leave(context, one.back);
    else noticeAnomaly(context, one.anomaly, one.isWithheld);
  }
  if (kind === 'tick') passAlarmTime(context);
  if (kind === 'registry') forgetGone(context);
};

/** How a pipeline makes alarms of what it judged: by itself, or elsewhere (`alarm-relay.ts`). */
export type Alarming = (context: Context, envelope: Envelope, judgements: readonly AlarmNews[], out: Outputs) => void;

/** Alarms beside what they are made of: where one pipeline sees the whole log. */
export const alarmsHere: Alarming = (context, envelope, judgements, out) => passAlarms(alarmContext(context, envelope, out), envelope.kind, judgements);

/** What passing time does: anomalies that last long enough, alarms that are over for long enough, shelves that end. */
const passAlarmTime = (context: AlarmContext): void => {
  const { book, logTime } = context;
  for (const [id, { anomaly, since }] of book.pending) {
    const rule = alarmRuleOf(anomaly.kind, context.registry.town().alarms);
    if (rule !== null && logTime - since < rule.onDelayMs) continue;
    book.pending.delete(id);
    if (rule !== null) join(context, anomaly);
  }
  for (const one of book.open.values()) {
    const { shelved, state, kind } = one.alarm;
    if (shelved !== null && shelved.until <= logTime) put(context, one, { shelved: null });
    const { offDelayMs, isLatched } = ruleOf(context, kind);
    if (one.emptySince !== null && logTime - one.emptySince >= offDelayMs && state !== 'returned') {
      if (isLatched && state === 'active') put(context, one, { state: 'returned', until: one.emptySince });
      else close(context, one);
    } else if (one.isChanged && logTime - one.putAt >= numbersMs) put(context, one, {});
  }
};

const close = (context: AlarmContext, one: OpenAlarm): void => {
  put(context, one, { state: 'normal', until: one.emptySince });
  context.book.open.delete(one.alarm.cause);
};

const openWith = ({ book }: AlarmContext, id: string): OpenAlarm | undefined => [...book.open.values()].find(({ alarm }) => alarm.id === id);

/** What it held back and lasts raises its alarm now, if the town still wants one of it. */
const endException = (context: AlarmContext, cause: string): void => {
  const { exceptions, held } = context.book;
  exceptions.delete(cause);
  const lasting = [...held.values()].filter((one) => one.cause === cause);
  for (const { anomaly } of lasting) {
    held.delete(anomaly.id);
    if (alarmRuleOf(anomaly.kind, context.registry.town().alarms) !== null) join(context, anomaly);
  }
};

/** The subject in the id of an anomaly. */
const subjectIn = (id: string): string => id.slice(0, id.indexOf('/'));

/** After a change of the town: what devices had that are gone can neither end nor be answered. */
const forgetGone = (context: AlarmContext): void => {
  const { book } = context;
  const isGone = (id: string): boolean => {
    const subject = subjectIn(id);
    return subject !== 'octroi' && context.isGone(subject);
  };
  for (const id of [...book.members.keys()].filter(isGone)) leave(context, id);
  for (const list of [book.pending, book.held]) for (const id of [...list.keys()].filter(isGone)) list.delete(id);
};

/** True where the book holds anything of alarms. */
const isInUse = ({ open, pending, held, exceptions }: AlarmBook): boolean => open.size + pending.size + held.size + exceptions.size > 0;

/**
 * Ends the alarms that an earlier program made in this partition by itself, and forgets them.
 * @returns the book as it was, for `takeOver`; null where it was empty
 */
export const handOver = (context: AlarmContext): string | null => {
  const { book } = context;
  if (!isInUse(book)) return null;
  const body = alarmBookBody(book);
  for (const one of book.open.values()) put(context, one, { state: 'normal', until: context.logTime });
  for (const part of [book.open, book.members, book.pending, book.held, book.exceptions]) part.clear();
  return body;
};

/** Takes what a partition handed over into the alarms of all: what is open is raised anew, delays begin anew, causes that are known stay so. A cause had the partition in its name. */
export const takeOver = (context: AlarmContext, before: AlarmBook): void => {
  const { book, logTime } = context;
  const commonOf = (cause: string): string => cause.replace(/@\d+$/, '');
  for (const one of before.exceptions.values()) {
    const cause = commonOf(one.cause);
    if (!book.exceptions.has(cause)) book.exceptions.set(cause, { ...one, cause });
  }
  for (const { alarm } of before.open.values()) {
    const { kind, quantity, reason, firstAnomaly } = alarm;
    const lasting = [...before.members].filter(([, cause]) => cause === alarm.cause).map(([id]) => id);
    for (const id of new Set([firstAnomaly, ...lasting])) join(context, { id, subject: subjectIn(id), kind, quantity, reason });
    // It may wait for an answer, or for its delay, though nothing of it lasts.
    if (!lasting.includes(firstAnomaly)) leave(context, firstAnomaly);
  }
  for (const { anomaly, cause } of before.held.values()) book.held.set(anomaly.id, { anomaly, cause: commonOf(cause) });
  for (const { anomaly } of before.pending.values()) book.pending.set(anomaly.id, { anomaly, since: logTime });
};

/** Carries out what an operator did. @returns a promise only where the alarm is closed and must be read */
export const actOnAlarm = (context: AlarmContext, action: AlarmAction, history: Pick<History, 'alarm'>): Promise<void> | undefined => {
  const { book, logTime, offset, out } = context;
  const signed: Signed = { by: action.by, at: logTime, comment: action.comment };
  if (action.do === 'end-exception') {
    endException(context, action.cause);
    return;
  }
  const one = openWith(context, action.alarm);
  if (action.do === 'label') {
    const label = { ...signed, verdict: action.verdict };
    const labelled = ({ cause }: Alarm): void => {
      if (action.verdict !== 'known') endException(context, cause);
      else if (!book.exceptions.has(cause)) book.exceptions.set(cause, { ...signed, cause, held: 0 });
    };
    if (one !== undefined) {
      put(context, one, { label });
      labelled(one.alarm);
      return;
    }
    return history.alarm(action.alarm, offset).then((closed) => {
      if (closed === null) return;
      out.push({ ...closed, label, offset, version: closed.version + 1 });
      labelled(closed);
    });
  }
  if (one === undefined) return;
  switch (action.do) {
    case 'acknowledge': {
      if (one.alarm.acknowledged !== null) return;
      const isOver = one.alarm.state === 'returned';
      put(context, one, { acknowledged: signed, state: isOver ? 'normal' : 'acknowledged' });
      if (isOver) book.open.delete(one.alarm.cause);
      return;
    }
    case 'shelve':
      put(context, one, { shelved: { ...signed, until: logTime + action.minutes * minuteMs } });
      return;
    case 'unshelve':
      if (one.alarm.shelved !== null) put(context, one, { shelved: null });
  }
};
