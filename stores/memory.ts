/** The store in memory: the reference for the others, and the one of the tests. It keeps nothing beyond its process. Its rows and the questions about them are in `memory/`. */
import { emptyLedger, type Ledger, type Store } from '../core/store.ts';
import { compareDevices } from './dump.ts';
import { compareText } from './key-book.ts';
import { anomalies } from './memory/anomalies.ts';
import { dump } from './memory/dump.ts';
import { letters } from './memory/letters.ts';
import { queries } from './memory/queries.ts';
import { addRows, tables } from './memory/tables.ts';

/** A store that lives as long as the process. */
export const memoryStore = (): Store => {
  const all = tables();
  const scopes = new Map<string, string>();
  let snapshotOffset = 0;
  let position = 0;
  let logTime = 0;
  let ledger: Ledger = emptyLedger;

  const asked = queries(all);
  return {
    ...asked,
    ...anomalies(all),
    ...letters(all),
    get position() {
      return position;
    },
    get logTime() {
      return logTime;
    },
    async commit(commit) {
      if (commit.end > position) {
        addRows(all, commit, position);
        position = commit.end;
        logTime = Math.max(logTime, commit.logTime);
        ledger = commit.ledger;
      }
      if (commit.snapshot !== null && commit.snapshot.offset > snapshotOffset) {
        for (const { scope, body } of commit.snapshot.scopes) scopes.set(scope, body);
        snapshotOffset = commit.snapshot.offset;
      }
    },
    snapshot: async () => ({
      offset: snapshotOffset,
      scopes: [...scopes].map(([scope, body]) => ({ scope, body })).sort((a, b) => compareText(a.scope, b.scope)),
    }),
    ledger: () => ledger,
    async books() {
      const counted = asked.recount(); // counts at once
      return { ledger, recount: await counted };
    },
    latest: (subjects) => all.book.latest(subjects),
    devices: () => [...all.devices.values()].sort(compareDevices),
    keys: () => all.book.withReadings().map(({ subject, quantity }) => ({ subject, quantity })),
    closures: () => [...all.closures],
    dump: () => dump(all),
    async close() {},
  };
};
