/**
 * The embedded store: one DuckDB file. Rows, position, ledger and snapshots commit together. One instance and one
 * thread a file: a second instance would not be refused, and would read stale data. Tables, queries and the writing
 * itself are in `duckdb/`; reopening after a failure is left to the caller.
 */
import { constants, copyFile, stat } from 'node:fs/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type FailureError, fail } from '../core/failure.ts';
import { Scope } from '../core/scope.ts';
import { type Commit, emptyOutputs, type Key, type Snapshot, type Store } from '../core/store.ts';
import { newRows } from './commits.ts';
import { cellsOf } from './duckdb/columns.ts';
import { dump } from './duckdb/dump.ts';
import { memoryLimitMbDefault, threadsDefault } from './duckdb/limits.ts';
import { type Loaded, load, prepareSchema } from './duckdb/load.ts';
import { type Memory, memory, type WithMemory } from './duckdb/memory.ts';
import { booksOf, queries } from './duckdb/queries.ts';
import { openReaders, type Readers, storeFailed } from './duckdb/readers.ts';
import { openWriter, type Transaction, type Writer } from './duckdb/writer.ts';
import { compareDevices } from './dump.ts';
import { compareText } from './key-book.ts';

export interface DuckDbOptions {
  readonly file: string;
  /** Default `memoryLimitMbDefault`. */
  readonly memoryLimitMb?: number;
  /** Default `threadsDefault`. */
  readonly threads?: number;
  /** Size of DuckDB's own log at which a commit also moves it into the file. Default 16. */
  readonly checkpointMb?: number;
}

/** What a store on DuckDB offers beside the port, to verifications and backups. */
export interface DuckDbStore extends Store {
  /** One more connection to the same file; the caller closes it. Fails with `store-failed` once the store is closed. */
  connect(): Promise<DuckDBConnection>;
  /** Runs what needs so much memory, MB, for DuckDB's buffers. */
  readonly withMemory: WithMemory;
  /** The key with that id; fails with `store-failed` where there is none. */
  keyAt(id: number): Key;
  /**
   * Copies the file as of the last commit, which it moves into the file first; commits wait meanwhile, queries do not.
   * Measured on 10 million readings: 50 ms, against 3.3 s for COPY FROM DATABASE. Fails with `store-failed`.
   */
  copyTo(target: string): Promise<void>;
}

/** Whether it is the embedded store. */
export const isDuckDb = (store: Store): store is DuckDbStore => 'copyTo' in store;

const openInstance = async ({
  file,
  memoryLimitMb = memoryLimitMbDefault,
  threads = threadsDefault,
  checkpointMb = 16,
}: DuckDbOptions): Promise<DuckDBInstance> => {
  try {
    return await DuckDBInstance.create(file, {
      memory_limit: `${memoryLimitMb}MB`,
      threads: String(threads),
      preserve_insertion_order: 'false',
      // An open table takes a block a column: with blocks of 256 KB a commit takes 40 MB more, and the file is a fifth larger (measured).
      default_block_size: '65536',
      // Pages that DuckDB has freed go back by themselves, and not when it next works: 60 MB less while readings pour in (measured).
      allocator_background_threads: 'true',
      temp_directory: `${file}.spill`,
      checkpoint_threshold: `${checkpointMb}MB`,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      enable_external_access: 'false',
    });
  } catch (error) {
    throw storeFailed(error, file);
  }
};

interface Opened {
  readonly loaded: Loaded;
  readonly writer: Writer;
  readonly readers: Readers;
  readonly buffers: Memory;
}

const openParts = async (instance: DuckDBInstance, { file, memoryLimitMb = memoryLimitMbDefault }: DuckDbOptions): Promise<Opened> => {
  const opened = new Scope();
  try {
    const connection = await instance.connect();
    opened.add(() => connection.closeSync());
    await prepareSchema(connection, file);
    const loaded = await load(connection);
    const buffers = memory(await instance.connect(), memoryLimitMb, file);
    opened.add(() => buffers.close());
    const writer = await openWriter(connection, loaded.book, buffers.with);
    opened.add(() => writer.close());
    return { loaded, writer, readers: await openReaders(instance, file), buffers };
  } catch (error) {
    await opened.close().catch(() => {}); // else the file stays open
    throw error;
  }
};

/**
 * Opens or makes a store.
 * @returns the store; rejects with `newer-version` where a later program wrote the file, with `store-failed` where
 * it cannot be opened. After a commit that rejects with `store-failed` the store takes no more: close it and open it again.
 */
export const duckdbStore = async (options: DuckDbOptions): Promise<DuckDbStore> => {
  const { file } = options;
  const instance = await openInstance(options);
  try {
    const opened = await openParts(instance, options);
    return storeOf(opened, instance, file);
  } catch (error) {
    instance.closeSync();
    throw storeFailed(error, file);
  }
};

/** What a commit changes, or null where it is a repeated one. */
const transactionOf = (commit: Commit, loaded: Loaded): Transaction | null => {
  const newer = commit.end > loaded.position;
  const snapshot = commit.snapshot !== null && commit.snapshot.offset > loaded.snapshotOffset ? commit.snapshot : null;
  if (!newer && snapshot === null) return null;
  return {
    rows: newRows(newer ? commit : { ...commit, outputs: emptyOutputs() }, loaded.position),
    progress: {
      position: Math.max(commit.end, loaded.position),
      logTime: Math.max(newer ? commit.logTime : 0, loaded.logTime),
      ledger: newer ? commit.ledger : loaded.ledger,
      snapshotOffset: snapshot?.offset ?? loaded.snapshotOffset,
    },
    scopes: snapshot?.scopes ?? [],
  };
};

/** Takes what was written into what is kept in memory. */
const take = (loaded: Loaded, { rows, progress }: Transaction): void => {
  for (const reading of rows.readings) loaded.book.see(loaded.book.of(reading.subject, reading.quantity), reading);
  for (const device of rows.devices) loaded.devices.set(device.id, device);
  loaded.closures.push(...rows.closures);
  Object.assign(loaded, progress);
};

const readSnapshots = (readers: Readers): Promise<Snapshot[]> =>
  readers.use(async ({ chunks }) => {
    const scopes: Snapshot[] = [];
    // Put in order here: DuckDB would have all bodies in its memory at once, and opens no store of some thousand devices then.
    for await (const chunk of chunks('SELECT scope, body FROM snapshots', [])) {
      const [scope, body] = [cellsOf(chunk, 0), cellsOf(chunk, 1)];
      for (let row = 0; row < chunk.rowCount; row++) scopes.push({ scope: scope.text(row), body: body.text(row) });
    }
    return scopes.sort((a, b) => compareText(a.scope, b.scope));
  });

/** Until the next commit the file is at rest; what a long query kept the checkpoint from moving stands in DuckDB's own log beside it. */
const copyFileTo = async (instance: DuckDBInstance, file: string, target: string): Promise<void> => {
  const connection = await instance.connect();
  try {
    // A verification's temporary tables may count as writing: then what was committed is in the file and the log beside it, as after a crash.
    await connection.run('CHECKPOINT').catch((error: unknown) => {
      if (!String(error).includes('other write transactions')) throw error;
    });
    await copyFile(file, target, constants.COPYFILE_FICLONE);
    const wal = await stat(`${file}.wal`).catch(() => null);
    if (wal !== null && wal.size > 0) await copyFile(`${file}.wal`, `${target}.wal`);
  } catch (error) {
    throw storeFailed(error, file);
  } finally {
    connection.closeSync();
  }
};

const storeOf = ({ loaded, writer, readers, buffers }: Opened, instance: DuckDBInstance, file: string): DuckDbStore => {
  const { book } = loaded;
  let failed: FailureError | null = null;
  let closed = false;
  let lastCommit: Promise<void> = Promise.resolve();

  const commit = async (one: Commit): Promise<void> => {
    if (failed !== null) throw failed;
    if (closed) throw fail('store-failed', 'the store is closed', file);
    const transaction = transactionOf(one, loaded);
    if (transaction === null) return;
    try {
      await writer.write(transaction);
    } catch (error) {
      failed = storeFailed(error, file);
      throw failed;
    }
    take(loaded, transaction);
    buffers.giveBack();
  };

  return {
    ...queries(readers, book),
    get position() {
      return loaded.position;
    },
    get logTime() {
      return loaded.logTime;
    },
    commit(one) {
      const result = lastCommit.then(() => commit(one));
      lastCommit = result.catch(() => undefined);
      return result;
    },
    async snapshot() {
      await lastCommit;
      return { offset: loaded.snapshotOffset, scopes: await readSnapshots(readers) };
    },
    ledger: () => loaded.ledger,
    books: () => booksOf(readers),
    latest: (subjects) => book.latest(subjects),
    devices: () => [...loaded.devices.values()].sort(compareDevices),
    keys: () => book.withReadings().map(({ subject, quantity }) => ({ subject, quantity })),
    closures: () => [...loaded.closures],
    async connect() {
      if (closed) throw fail('store-failed', 'the store is closed', file);
      return instance.connect();
    },
    withMemory: buffers.with,
    keyAt(id) {
      const key = book.entries[id];
      if (key === undefined) throw fail('store-failed', `no key has the id ${id}`, file);
      return key;
    },
    dump: () => dump(instance, book, file),
    copyTo(target) {
      const result = lastCommit.then(() => copyFileTo(instance, file, target));
      lastCommit = result.catch(() => undefined);
      return result;
    },
    async close() {
      if (closed) return;
      closed = true;
      await lastCommit;
      await readers.close();
      await buffers.close();
      writer.close();
      instance.closeSync();
    },
  };
};
