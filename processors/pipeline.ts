/**
 * The pipeline: one deterministic function of an ordered log. No clock, no chance, no I/O, but for what some operators read of
 * the past, through `History`, which lists them, and for the long payloads that `reopen` reads from the log again.
 *
 *   message, import → decode → validate → identify → fold → judge
 *   tick            → revise (what came behind) → settle and judge the silent → reopen what lay in the future, and what one envelope could not
 *   registry        → the town as it holds from here on → reopen what it explains
 *   command         → settle what was imported, or cut at the horizon; what an operator did about an alarm
 *   anomalies, time → alarms, or what the alarm stage is told where there are several partitions
 */
import type { AlarmException } from '../core/alarm.ts';
import type { Envelope } from '../core/envelope.ts';
import type { FoldRule } from '../core/fold.ts';
import type { LogReader } from '../core/log.ts';
import type { History, Key, Outputs, Snapshot } from '../core/store.ts';
import type { Device, Past, Town } from '../core/town.ts';
import type { LearningSeries } from '../core/views.ts';
import { acceptImport, acceptMessage } from './accept.ts';
import { judgementsOf } from './alarm-band.ts';
import { alarmsHere } from './alarms.ts';
import { changeRegistry } from './change-registry.ts';
import { foresee } from './foresee.ts';
import { learning } from './learning.ts';
import { type OpenPane, openPanes } from './open-panes.ts';
import type { Processor } from './processor.ts';
import { type Registry, registry, type Types } from './registry.ts';
import { type ReopenLimits, reopenLimits } from './reopen.ts';
import { restore, snapshot } from './snapshot.ts';
import { initialState, ledgerOf, type PipelineState, waitingCount, zoneKept } from './state.ts';
import { passLogTime, passTime, wantsPast } from './tick.ts';

/** Everything an operator may touch. */
export interface Context {
  state: PipelineState;
  readonly registry: Registry;
  readonly types: Types;
  readonly history: History;
  readonly log: Pick<LogReader, 'read'>;
  readonly limits: ReopenLimits;
  /** What `foresee` returned; kept, but not used. */
  foreseen: number;
}

/** A processor of the town's log, and what may be asked of it; `views.ts` does. */
export interface Pipeline extends Processor {
  readonly town: () => Town;
  readonly adopted: () => readonly Device[];
  readonly past: () => Past[];
  /** The windows of a subject that are still open, as they would close now. */
  readonly openPanes: (subject: string) => OpenPane[];
  /** How a key is folded; undefined before its first reading. */
  readonly ruleOf: (key: Key) => FoldRule | undefined;
  readonly alarmExceptions: () => readonly AlarmException[];
  /** Devices judged silent, and since when (log time). */
  readonly silent: () => { readonly subject: string; readonly since: number }[];
  /** The series of these devices that are still learnt. */
  readonly learning: (subjects: readonly string[]) => LearningSeries[];
  /** How many readings of these devices lie behind, and are revised at the next ticks. */
  readonly waiting: (subjects: readonly string[]) => number;
  /** @param all of tests: those too that did not change */
  readonly snapshot: (all?: boolean) => Snapshot[];
}

/**
 * @param types the device types that exist
 * @param history the past, below the envelope at hand
 * @param log the log that is processed: it holds whole payloads of what is reopened
 * @param alarming where alarms are made: `alarmsHere`, or `alarmsRelayed` for one partition of several
 */
export const pipeline = (types: Types, history: History, log: Pick<LogReader, 'read'>, limits = reopenLimits, alarming = alarmsHere): Pipeline => {
  const known = registry(types, (subject) => zoneKept(context.state, subject));
  const context: Context = { state: initialState(), registry: known, types, history, log, limits, foreseen: 0 };

  /** The stamps of a log of several writers may go back, where a clock was set; log time does not. */
  const inTime = (envelope: Envelope): Envelope => (envelope.logTime < context.state.logTime ? { ...envelope, logTime: context.state.logTime } : envelope);
  const operate = (envelope: Envelope, out: Outputs): Promise<void> | undefined => {
    switch (envelope.kind) {
      case 'message':
        return acceptMessage(context, envelope, out);
      case 'import':
        return acceptImport(context, envelope, out);
      case 'tick':
        return passTime(context, envelope, out);
      case 'registry':
      case 'command':
        return changeRegistry(context, envelope, out);
      case 'judged': // only in the log of the alarm stage
    }
  };
  /** Of what the envelope put out, and of the time that it tells. @param before rows that were there before it */
  const alarm = (envelope: Envelope, before: { readonly anomalies: number; readonly readings: number }, out: Outputs): void => {
    const [anomalies, readings] = [out.anomalies.slice(before.anomalies), out.readings.slice(before.readings)];
    alarming(context, envelope, judgementsOf(context.state.alarms.returning, known, anomalies, readings), out);
  };
  const process = (given: Envelope, out: Outputs): Promise<void> | undefined => {
    const { state } = context;
    const envelope = inTime(given);
    state.end = envelope.offset + 1;
    const before = { anomalies: out.anomalies.length, readings: out.readings.length };
    passLogTime(context, envelope, out);
    state.counters.processed++;
    const operated = operate(envelope, out);
    if (operated !== undefined) return operated.then(() => alarm(envelope, before, out));
    const tells = out.anomalies.length > before.anomalies || envelope.kind === 'tick' || envelope.kind === 'registry';
    if (tells || state.alarms.returning.size > 0) alarm(envelope, before, out);
  };

  return {
    wantsPast: (envelope) => wantsPast(context, inTime(envelope)),
    foresee(envelopes, from) {
      context.foreseen = foresee(context.state, envelopes, from);
    },
    process,
    skip(corrupt) {
      context.state.counters.corrupt += corrupt;
      context.state.end += corrupt;
    },
    end: () => context.state.end,
    logTime: () => context.state.logTime,
    ledger: (logEnd) => ledgerOf(context.state, logEnd),
    town: () => ({ ...context.registry.town(), devices: [...context.registry.town().devices, ...context.registry.adopted()] }),
    adopted: context.registry.adopted,
    past() {
      const subjects = new Set([...context.registry.homes(), ...context.state.subjects.keys()]);
      return [...subjects].map(context.registry.past);
    },
    openPanes: (subject) => openPanes(context, subject),
    ruleOf: ({ subject, quantity }) => context.state.subjects.get(subject)?.keys.get(quantity)?.fold.rule,
    alarmExceptions: () => [...context.state.alarms.exceptions.values()],
    silent: () => [...context.state.subjects].flatMap(([subject, { silentSince }]) => (silentSince === null ? [] : [{ subject, since: silentSince }])),
    learning: (subjects) => learning(context, subjects),
    waiting: (subjects) => waitingCount(context.state, subjects),
    snapshot: (all = false) => snapshot(context.state, context.registry, all),
    restore(scopes) {
      context.state = restore(scopes, context.registry);
    },
  };
};
