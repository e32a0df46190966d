/** The reading side's connections: a few, each used by one query at a time. What is asked is left to `queries.ts`. */
import { type DuckDBConnection, type DuckDBDataChunk, type DuckDBInstance, type DuckDBPreparedStatement, INTEGER, LIST } from '@duckdb/node-api';
import { FailureError, fail } from '../../core/failure.ts';

/** A value for a placeholder: numbers are whole, and go as 64 bits; lists are of ids. */
export type Parameter = number | string | null | readonly number[];

/** Bounds such as Number.MAX_VALUE mean "no bound". */
const toBigInt = (value: number): bigint => BigInt(Math.trunc(Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)));

const bind = (statement: DuckDBPreparedStatement, parameters: readonly Parameter[]): void => {
  for (const [i, value] of parameters.entries()) {
    if (value === null) statement.bindNull(i + 1);
    else if (typeof value === 'string') statement.bindVarchar(i + 1, value);
    else if (typeof value === 'number') statement.bindBigInt(i + 1, toBigInt(value));
    else statement.bindList(i + 1, [...value], LIST(INTEGER));
  }
};

/** How DuckDB 1.5 speaks of a file that is damaged, and of no other trouble (a full disk, a lock, too little memory). */
const damage = /corrupt|checksum|not a valid DuckDB database|Serialization Error|deserializ|Could not read enough bytes/i;

/** What DuckDB says, without the paths that it names: how a folder is called says nothing of what is in it. */
const withoutPaths = (message: string): string => message.replace(/"[^"]*"|(?<!\S)\/\S+/g, '');

/** The first of its lines: the others advise on settings of DuckDB, which are not the reader's. */
const sayingOf = (message: string): string => {
  const first = message.split('\n', 1)[0] ?? '';
  return /^Out of Memory/.test(first) ? `${first}; OCTROI_STORE_MEMORY_MB sets how much it may take` : first;
};

/** What DuckDB throws, as a failure that names the file: `store-corrupt` where the file itself is damaged, else `store-failed`. */
export const storeFailed = (error: unknown, file: string): FailureError => {
  if (error instanceof FailureError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return fail(damage.test(withoutPaths(message)) ? 'store-corrupt' : 'store-failed', sayingOf(message), file);
};

/** One connection. */
export interface Reader {
  readonly connection: DuckDBConnection;
  /** The chunks of a result as they are made; stop whenever enough has been seen. */
  chunks(sql: string, parameters: readonly Parameter[]): AsyncIterable<DuckDBDataChunk>;
  /**
   * All chunks of a result that is known to be small, at once: each that is waited for lets the pipeline go first,
   * which has much to do when a town is busy.
   */
  all(sql: string, parameters: readonly Parameter[]): Promise<DuckDBDataChunk[]>;
}

/**
 * Makes a reader of a connection. A statement is prepared for one execution and inside the same transaction: DuckDB
 * 1.5 builds the minima and maxima of the moment into the plan, and a plan that is used again misses rows that came
 * since (duckdb/duckdb#23704).
 */
export const reader = (connection: DuckDBConnection): Reader => ({
  connection,
  async all(sql, parameters) {
    const statement = await connection.prepare(sql);
    bind(statement, parameters);
    const result = await statement.run();
    statement.destroySync();
    return Array.from({ length: result.chunkCount }, (_, place) => result.getChunk(place));
  },
  async *chunks(sql, parameters) {
    const statement = await connection.prepare(sql);
    bind(statement, parameters);
    const result = await statement.stream();
    statement.destroySync();
    let chunk = await result.fetchChunk();
    try {
      for (; chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) yield chunk;
    } finally {
      // A result that is not read to its end holds the file open, also when everything else is closed.
      while (chunk !== null && chunk.rowCount > 0) chunk = await result.fetchChunk();
    }
  },
});

/** Connections that queries take turns on. */
export interface Readers {
  /** Runs `work` with a connection of its own, on one consistent view; fails with `store-failed`. */
  use<Result>(work: (reader: Reader) => Promise<Result>): Promise<Result>;
  /** Closes the connections once the queries that run have ended. */
  close(): Promise<void>;
}

/** How many queries run beside each other; more only slow each other and the writer down. */
const connectionCount = 2;

/** Opens the connections. */
export const openReaders = async (instance: DuckDBInstance, file: string): Promise<Readers> => {
  const free = await Promise.all(Array.from({ length: connectionCount }, async () => reader(await instance.connect())));
  const waiting: ((taken: Reader) => void)[] = [];
  const take = (): Promise<Reader> => {
    const taken = free.pop();
    return taken === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(taken);
  };
  const giveBack = (taken: Reader): void => {
    const next = waiting.shift();
    if (next === undefined) free.push(taken);
    else next(taken);
  };
  return {
    async use(work) {
      const taken = await take();
      try {
        await taken.connection.run('BEGIN');
        try {
          return await work(taken);
        } finally {
          await taken.connection.run('ROLLBACK');
        }
      } catch (error) {
        throw storeFailed(error, file);
      } finally {
        giveBack(taken);
      }
    },
    async close() {
      for (let i = 0; i < connectionCount; i++) (await take()).connection.closeSync();
    },
  };
};
