/** The views of many partitions as one: a device is asked for where it is, what goes over all is put together. Who answers for a partition is left to the caller. */
import type { Alarm } from '../../core/alarm.ts';
import { fail } from '../../core/failure.ts';
import type { Anomaly } from '../../core/reading.ts';
import type { Ledger, Page, Recount } from '../../core/store.ts';
import type { Device } from '../../core/town.ts';
import type { Status, Views } from '../../core/views.ts';
import { partitionOf } from '../../log/kafka/partitions.ts';
import { compareText } from '../../stores/key-book.ts';
import { deadLetterCursor, occurrenceCursor, page } from '../../stores/paging.ts';

/** What is asked of one partition. */
export type PartitionViews = Omit<Views, 'change' | 'act' | 'onCommit'>;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** The books of all partitions. Gates tell each of them what they dropped: that is counted once. */
const ledgerOf = (books: readonly Ledger[]): Ledger => {
  const total = <Part extends 'envelopes' | 'readings'>(part: Part): Ledger[Part] => {
    const [first] = books as readonly [Ledger, ...Ledger[]];
    const names = Object.keys(first[part]) as (keyof Ledger[Part])[];
    return Object.fromEntries(names.map((name) => [name, sum(books.map((book) => book[part][name] as number))])) as unknown as Ledger[Part];
  };
  return {
    envelopes: total('envelopes'),
    readings: total('readings'),
    qos0Dropped: Math.max(...books.map(({ qos0Dropped }) => qos0Dropped)),
    unidentified: sum(books.map(({ unidentified }) => unidentified)),
  };
};

const recountOf = (counts: readonly Recount[]): Recount => {
  const total = (name: keyof Recount): number => sum(counts.map((one) => one[name]));
  return { stored: total('stored'), corrected: total('corrected'), deadLetter: total('deadLetter') };
};

/** As far as all are: the position is the sum of the partitions' own, and the log time that of the one furthest behind. */
const statusOf = (all: readonly Status[], trouble: string | null): Status => {
  const [first] = all as readonly [Status, ...Status[]];
  const total = (name: 'position' | 'logEnd' | 'envelopesPerSecond' | 'readingsPerSecond' | 'uncommittedRows'): number => sum(all.map((one) => one[name]));
  return {
    ...first,
    position: total('position'),
    logEnd: total('logEnd'),
    logTime: Math.min(...all.map(({ logTime }) => logTime)),
    envelopesPerSecond: total('envelopesPerSecond'),
    readingsPerSecond: total('readingsPerSecond'),
    uncommittedRows: total('uncommittedRows'),
    trouble,
    storeBytes: 0,
    silentMs: Math.max(...all.map(({ silentMs }) => silentMs)),
  };
};

/** Between the cursors of the partitions in one; `-` where a partition has no more. */
const [between, none] = ['~', '-'];

/** Dead letters of all devices: the pages of the partitions side by side, and a cursor of all their cursors. */
const mergedLetters = async (all: readonly PartitionViews[], query: Parameters<Views['deadLetters']>[0]): ReturnType<Views['deadLetters']> => {
  const after = query.after?.split(between) ?? all.map(() => '');
  if (after.length !== all.length) throw fail('bad-request', 'this is not a cursor of an earlier page', 'after');
  const asked = ({ after: _, ...rest }: typeof query, cursor: string) => ({ ...rest, ...(cursor === '' ? {} : { after: cursor }) });
  const pages = await Promise.all(
    all.map((one, partition) => (after[partition] === none ? { rows: [], next: null } : one.deadLetters(asked(query, after[partition] ?? '')))),
  );
  const rows = pages.flatMap((found, partition) => found.rows.map((letter) => ({ letter, partition })));
  rows.sort((a, b) => b.letter.logTime - a.letter.logTime || a.partition - b.partition); // what is equal stays in its partition's order
  const shown = rows.slice(0, query.limit);
  const cursors = pages.map(({ next, rows: { length } }, partition) => {
    const own = shown.filter((row) => row.partition === partition);
    const last = own.at(-1);
    if (own.length === length && next === null) return none;
    return last === undefined ? (after[partition] ?? '') : deadLetterCursor(last.letter);
  });
  return { rows: shown.map(({ letter }) => letter), next: cursors.every((cursor) => cursor === none) ? null : cursors.join(between) };
};

/** One page of those of the partitions, newest first. */
const merged = <Row extends Anomaly | Alarm>(pages: readonly Page<Row>[], limit: number): Page<Row> => {
  const rows = pages.flatMap((found) => found.rows).sort((a, b) => b.since - a.since || compareText(a.id, b.id));
  const found = page(rows, limit, occurrenceCursor);
  const last = found.rows.at(-1);
  return last !== undefined && pages.some(({ next }) => next !== null) ? { ...found, next: occurrenceCursor(last) } : found;
};

/** What is asked of the alarm stage. */
type StageViews = Pick<PartitionViews, 'status' | 'alarms' | 'alarm' | 'alarmExceptions'>;

/**
 * @param partitions the views of each, as they are at the moment of a question
 * @param stage those of the alarm stage; partitions have alarms of before there was one
 * @param trouble what keeps the ends of the log from being known
 */
export const partitionedViews = (partitions: () => readonly PartitionViews[], stage: () => StageViews, trouble: () => string | null): PartitionViews => {
  const every = <T>(ask: (one: PartitionViews) => Promise<T>): Promise<T[]> => Promise.all(partitions().map(ask));
  const flat = async <T>(ask: (one: PartitionViews) => Promise<readonly T[]>): Promise<T[]> => (await every(ask)).flat();
  const placeOf = (subject: string): number => partitionOf(subject, partitions().length);
  const of = (subject: string): PartitionViews => partitions()[placeOf(subject)] as PartitionViews;
  const first = (): PartitionViews => partitions()[0] as PartitionViews;

  /** Asks each partition for its keys. @returns what they answered, by key in the order asked */
  const byKey = async <K extends { readonly subject: string; readonly quantity: string }, T>(
    keys: readonly K[],
    ask: (one: PartitionViews, own: readonly K[]) => Promise<readonly T[]>,
    keyOf: (row: T) => { readonly subject: string; readonly quantity: string },
  ): Promise<T[]> => {
    const name = ({ subject, quantity }: { readonly subject: string; readonly quantity: string }): string => JSON.stringify([subject, quantity]);
    const order = new Map(keys.map((key, place) => [name(key), place]));
    const rows = await Promise.all(
      partitions().map((one, partition) => {
        const own = keys.filter(({ subject }) => placeOf(subject) === partition);
        return own.length === 0 ? [] : ask(one, own);
      }),
    );
    return rows.flat().sort((a, b) => (order.get(name(keyOf(a))) ?? 0) - (order.get(name(keyOf(b))) ?? 0));
  };

  const alarms = async (query: Parameters<Views['alarms']>[0]): ReturnType<Views['alarms']> => {
    const pages: Awaited<ReturnType<Views['alarms']>>[] = await Promise.all([...partitions(), stage()].map((one) => one.alarms(query)));
    return merged(pages, query.limit);
  };

  const anomalies = async (query: Parameters<Views['anomalies']>[0]): ReturnType<Views['anomalies']> => {
    const pages: Awaited<ReturnType<Views['anomalies']>>[] = await every((one) => one.anomalies(query));
    return merged(pages, query.limit);
  };

  /** Devices that were adopted: an open town adopts a device where its readings are. */
  const adopted = async (): Promise<readonly Device[]> => [...new Map((await flat((one) => one.adopted())).map((device) => [device.id, device])).values()];

  return {
    status: async () => statusOf(await Promise.all([...partitions(), stage()].map((one) => one.status())), trouble()),
    async town() {
      const [town, more] = await Promise.all([first().town(), adopted()]);
      const known = new Set(town.devices.map(({ id }) => id));
      return { ...town, devices: [...town.devices, ...more.filter(({ id }) => !known.has(id))] };
    },
    adopted,
    async past() {
      const all = new Map<string, Awaited<ReturnType<Views['past']>>[number]>();
      for (const one of await flat((views) => views.past())) {
        const known = all.get(one.subject);
        all.set(one.subject, known === undefined ? one : { ...one, zone: known.zone ?? one.zone, home: known.home || one.home });
      }
      return [...all.values()];
    },
    ledger: async () => ledgerOf(await every((one) => one.ledger())),
    recount: async () => recountOf(await every((one) => one.recount())),
    async books() {
      const all = await every((one) => one.books());
      return { ledger: ledgerOf(all.map(({ ledger }) => ledger)), recount: recountOf(all.map(({ recount }) => recount)) };
    },
    keys: () => flat((one) => one.keys()),
    latest: (subjects) => flat((one) => one.latest(subjects)),
    readings: (query) => of(query.subject).readings(query),
    panes: async (query) =>
      (
        await byKey(
          query.keys,
          (one, keys) => one.panes({ ...query, keys }),
          (pane) => pane,
        )
      ).slice(0, query.limit + 1),
    explain: (key, window, start) => of(key.subject).explain(key, window, start),
    async closing() {
      const all = await every((one) => one.closing());
      return all.reduce((least, one) => (one.logTime < least.logTime ? one : least));
    },
    adjustments: (keys, at) =>
      byKey(
        keys,
        (one, own) => one.adjustments(own, at),
        (change) => change.new,
      ),
    anomalies: (query) => (query.subject === undefined ? anomalies(query) : of(query.subject).anomalies(query)),
    alarms,
    async alarm(id) {
      const found = await Promise.all([stage(), ...partitions()].map((one) => one.alarm(id)));
      return found.find((one) => one !== null) ?? null;
    },
    alarmExceptions: () => stage().alarmExceptions(),
    deadLetters: (query) => (query.subject === undefined ? mergedLetters(partitions(), query) : of(query.subject).deadLetters(query)),
    async deadLetterCounts() {
      const all = new Map<string, Awaited<ReturnType<Views['deadLetterCounts']>>[number]>();
      for (const one of await flat((views) => views.deadLetterCounts())) {
        const known = all.get(`${one.code}/${one.subject}`);
        const lastLogTime = Math.max(one.lastLogTime, known?.lastLogTime ?? 0);
        all.set(`${one.code}/${one.subject}`, { ...one, count: one.count + (known?.count ?? 0), lastLogTime });
      }
      return [...all.values()].sort((a, b) => compareText(a.code, b.code) || compareText(a.subject, b.subject));
    },
    silent: () => flat((one) => one.silent()),
    learning: (subjects) => flat((one) => one.learning(subjects)),
    closures: () => first().closures(),
  };
};
