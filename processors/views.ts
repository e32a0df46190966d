/** What may be asked of a running pipeline and its store; `core/views.ts` is the port. Rates and the gate's state are left to the caller. */
import { monthClosesAfterDaysDefault } from '../core/month.ts';
import type { Ledger, Store } from '../core/store.ts';
import type { Views } from '../core/views.ts';
import { adjustmentsOf } from './changes.ts';
import { receipt, withOpen } from './explain.ts';
import type { Pipeline } from './pipeline.ts';

/** The books beside the log: what it has beyond them is pending. */
const beside = (books: Ledger, appended: number): Ledger => ({
  ...books,
  envelopes: { ...books.envelopes, appended, pending: appended - books.envelopes.processed - books.envelopes.corrupt },
});

/**
 * @param logEnd the durable end of the log: what lies beyond the store is pending
 * @param closesAfterDays days of log time after its end at which a civil month is closed
 */
export const views = (
  pipeline: Pipeline,
  store: Store,
  logEnd: () => number,
  closesAfterDays: number = monthClosesAfterDaysDefault,
): Omit<Views, 'status' | 'change' | 'act' | 'onCommit'> => ({
  town: async () => pipeline.town(),
  adopted: async () => pipeline.adopted(),
  past: async () => pipeline.past(),
  ledger: async () => beside(store.ledger(), Math.max(logEnd(), store.position)),
  recount: () => store.recount(),
  books: async () => {
    const { ledger, recount } = await store.books();
    return { ledger: beside(ledger, Math.max(logEnd(), store.position)), recount };
  },
  keys: async () => store.keys().map((key) => ({ ...key, finest: pipeline.ruleOf(key)?.finest ?? 0 })),
  latest: async (subjects) => store.latest(subjects),
  readings: (query) => store.readings(query),
  panes: async (query) => {
    const openOf = (subject: string) => pipeline.openPanes(subject).map((pane) => ({ ...pane, version: 0, revision: pipeline.end() - 1 }));
    return withOpen(query, await store.panesOf(query), openOf);
  },
  explain: (key, window, at) => receipt(store, pipeline.ruleOf(key), key, window, at, { closesAfterDays, logTime: pipeline.logTime() }),
  closing: async () => ({ closesAfterDays, logTime: pipeline.logTime() }),
  adjustments: (keys, at) => adjustmentsOf(store, pipeline.ruleOf, keys, at, closesAfterDays),
  anomalies: (query) => store.anomalies(query),
  alarms: (query) => store.alarms(query),
  alarm: (id) => store.alarm(id, Number.MAX_SAFE_INTEGER),
  alarmExceptions: async () => pipeline.alarmExceptions(),
  deadLetters: (query) => store.deadLettersPage(query),
  deadLetterCounts: () => store.deadLetterCounts(),
  silent: async () => pipeline.silent(),
  learning: async (subjects) => pipeline.learning(subjects),
  closures: async () => store.closures(),
});
