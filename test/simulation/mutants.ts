/** Parts of octroi made wrong on purpose, each in one way, put around the real ones. That the simulation finds them is left to the test. */
import type { LogReader } from '../../core/log.ts';
import type { Commit, Outputs, Snapshot, Store } from '../../core/store.ts';
import type { Pipeline } from '../../processors/pipeline.ts';
import type { Faults } from './world.ts';

const around = (store: Store, changed: Partial<Store>): Store =>
  Object.create(store, Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, { value }]))) as Store;

const commitAs = (change: (commit: Commit, n: number) => Commit): Faults => {
  let n = 0;
  return { store: (store) => around(store, { commit: (commit) => store.commit(change(commit, n++)) }) };
};

type Plain = Record<string, unknown>;
type KeyPart = [name: string, key: Plain & { fold: Plain }];

/** A plant that comes back without a part of what it knew. */
const forgets = (change: (body: Plain & { keys?: KeyPart[] }) => void, isMeant: (scope: string) => boolean): Faults => {
  const changed = ({ scope, body }: Snapshot): Snapshot => {
    if (!isMeant(scope)) return { scope, body };
    const parts = JSON.parse(body) as Plain & { keys?: KeyPart[] };
    change(parts);
    return { scope, body: JSON.stringify(parts) };
  };
  return {
    store: (store) =>
      around(store, {
        async snapshot() {
          const { offset, scopes } = await store.snapshot();
          return { offset, scopes: scopes.map(changed) };
        },
      }),
  };
};
const ofWhole = (scope: string): boolean => scope === 'pipeline';
const ofSubject = (scope: string): boolean => scope.startsWith('subject/');
const forgetsWhole = (name: string, value: unknown): Faults =>
  forgets((body) => {
    body[name] = value;
  }, ofWhole);
const forgetsSubject = (name: string, value: unknown): Faults =>
  forgets((body) => {
    body[name] = value;
  }, ofSubject);
const forgetsKey = (name: string, value: unknown): Faults =>
  forgets((body) => {
    for (const [, key] of body.keys ?? []) key[name] = value;
  }, ofSubject);
const forgetsFold = (name: string, value: unknown): Faults =>
  forgets((body) => {
    for (const [, key] of body.keys ?? []) key.fold[name] = value;
  }, ofSubject);

const outputsAs = (change: (out: Outputs, from: Readonly<Record<keyof Outputs, number>>) => void): Faults => ({
  pipeline: (real: Pipeline) => ({
    ...real,
    process(envelope, out) {
      const from = Object.fromEntries(Object.entries(out).map(([name, rows]) => [name, rows.length])) as Record<keyof Outputs, number>;
      const reading = real.process(envelope, out);
      if (reading === undefined) return change(out, from) as undefined;
      return reading.then(() => change(out, from));
    },
  }),
});

const readAs = (change: (reader: LogReader) => LogReader['read']): Faults => ({ reader: (reader) => ({ ...reader, read: change(reader) }) });

/** Mutants by what they get wrong. */
export const mutants: Readonly<Record<string, () => Faults>> = {
  'acknowledges before the sync': () => ({ acksAtAppend: true }),
  'goes on in a file whose sync failed': () => ({ reusesFailedFile: true }),
  'takes the page cache for the disk': () => ({ trustsPageCache: true }),
  'lets log time go back': () => ({ stampsBack: true }),
  'skips an envelope between two batches': () =>
    readAs(
      (reader) =>
        async function* (from, end, max) {
          let n = 0;
          for await (const { envelopes, corrupt } of reader.read(from, end, max)) yield { envelopes: n++ > 2 ? envelopes.slice(1) : envelopes, corrupt };
        },
    ),
  'does not look for repetitions in the past': () => ({
    store: (store) => around(store, { neighbourhood: async (...args) => ({ ...(await store.neighbourhood(...args)), inside: [] }) }),
  }),
  'shows the past without its last pane': () => ({ store: (store) => around(store, { panes: async (...args) => (await store.panes(...args)).slice(0, -1) }) }),
  'forgets the neighbour before a range': () => ({
    store: (store) => around(store, { neighbourhood: async (...args) => ({ ...(await store.neighbourhood(...args)), previous: null }) }),
  }),
  'commits a position without its rows': () => commitAs((commit, n) => (n % 5 === 4 ? { ...commit, outputs: { ...commit.outputs, panes: [] } } : commit)),
  'commits rows without their position': () => commitAs((commit) => ({ ...commit, end: Math.max(commit.start + 1, commit.end - 1) })),
  'counts again what runs again': () => {
    let before = 0;
    return {
      store: (store) => {
        let isFirst = true;
        return around(store, {
          commit(commit) {
            if (isFirst) before += store.position - commit.start + (store.position > 0 ? 1 : 0);
            isFirst = false;
            const { readings } = commit.ledger;
            return store.commit({
              ...commit,
              ledger: { ...commit.ledger, readings: { ...readings, accepted: readings.accepted + before, stored: readings.stored + before } },
            });
          },
        });
      },
    };
  },
  'loses a revision of a pane': () => {
    let n = 0;
    return outputsAs((out) => {
      const last = out.panes.at(-1);
      if (last !== undefined && last.version > 0 && last.window !== 'P' && n++ % 10 === 9) out.panes.pop();
    });
  },
  'puts a zero where nothing was observed': () =>
    outputsAs((out, from) => {
      const pane = out.panes[from.panes];
      if (pane === undefined || pane.version > 0 || pane.window !== 'PT1M') return;
      const span = pane.end - pane.start;
      const gap = { ...pane, start: pane.start - 10 * span, end: pane.start - 9 * span, count: 0, sum: 0, integral2: 0, observedMs: 0, unallocated: 0 };
      out.panes.splice(from.panes, 0, gap);
    }),
  'forgets that the gate was closed': () => forgetsWhole('closures', []),
  'forgets the time at which a future ends': () => forgetsWhole('futureNext', null),
  'forgets whose dead letters it was opening': () => forgetsWhole('reopening', []),
  'forgets who waits for a revision': () => forgetsWhole('revising', []),
  'forgets how long it was open': () => forgetsWhole('openMs', 0),
  'forgets its last tick': () => forgetsWhole('tickAt', null),
  'forgets who was adopted': () => forgetsWhole('adopted', []),
  'forgets its counters': () => forgetsWhole('counters', {}),
  'forgets when a device was heard': () => forgetsSubject('arrivedAt', 0),
  'forgets what came without a stamp': () => forgetsSubject('unstamped', []),
  'forgets the time given last': () => forgetsSubject('unstampedAt', 0),
  'forgets which alarms are open': () =>
    forgets(
      (body) => {
        body.open = [];
        body.members = [];
      },
      (scope) => scope === 'alarms',
    ),
  'forgets who is silent': () => forgetsSubject('silentSince', null),
  'forgets what waits': () => forgetsKey('waiting', []),
  'forgets a touched span': () => forgetsKey('touched', []),
  'forgets the last readings': () => forgetsKey('recent', []),
  'forgets its detectors': () => forgetsKey('detectors', {}),
  'forgets the open windows': () => forgetsFold('open', []),
  'forgets the last reading': () => forgetsFold('last', null),
  'forgets the highest event time': () => forgetsFold('maxAt', -1),
  'forgets how often the whole life was put out': () => forgetsFold('totalVersions', 0),
};
