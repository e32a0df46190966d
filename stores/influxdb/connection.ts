/**
 * The way to InfluxDB: the official client's transport, one request at a time answered or held. Retries are made here,
 * with growing pauses, since the client's own write buffer drops what it cannot send. What is asked is left to others.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { HttpError, InfluxDB } from '@influxdata/influxdb-client';
import { type Failure, FailureError, fail, failure } from '../../core/failure.ts';
import { type Row, rowReader } from './csv.ts';

export interface Access {
  readonly url: string;
  readonly org: string;
  readonly token: string;
  /** Longest time a request may be silent, ms. Default 30,000. */
  readonly timeoutMs?: number;
}

/** InfluxDB took the request and will not have what is in it: the same again is refused again. */
export class Refusal extends Error {
  /** How many of the points were refused, where it says so; the others are stored. */
  readonly dropped: number | null;
  constructor(message: string) {
    super(message);
    const counted = /dropped=(\d+)/.exec(message);
    this.dropped = counted === null ? null : Number(counted[1]);
  }
}

/** Values of a query: they go beside the script, never into its text. */
export type Parameters = Readonly<Record<string, string | number | bigint>>;

/** How long a request is tried again, ms. Without an end (`held`), also what is refused for the token's or the bucket's sake is held. */
export const held = Number.POSITIVE_INFINITY;
export const answeredWithinMs = 5_000;

export interface Connection {
  /** Where it leads, for messages. */
  readonly where: string;
  readonly org: string;
  /**
   * Writes lines to a bucket; resolves when they are on InfluxDB's disk. Rejects with `Refusal`.
   * @param before comes before each try, and is told whether one has failed
   */
  write(bucket: string, lines: string, before?: (isAgain: boolean) => Promise<void>): Promise<void>;
  /** Rows of a Flux script, which finds its values in the record `params`. */
  query(script: string, parameters: Parameters, patienceMs?: number): Promise<Row[]>;
  /** Deletes points with from <= time <= to, ns. @param predicate as InfluxDB's delete takes it: `name="value"` and `AND` */
  remove(bucket: string, predicate: string, from: bigint, to: bigint): Promise<void>;
  /** A call of the HTTP API with a body of JSON; null where there is no answer. */
  call(method: 'GET' | 'POST' | 'PATCH', path: string, body: unknown, patienceMs?: number): Promise<unknown>;
  /** Whether something is held at the moment. */
  isHolding(): boolean;
  /** Ends whatever is held; it rejects with `store-failed`. */
  close(): void;
}

const pauseMsMin = 100;
const pauseMsMax = 10_000;
/** Lines of more characters than that travel compressed, but on this machine: there a byte costs less than to compress it. */
const gzipThreshold = 1_000;
const isThisMachine = ({ hostname }: URL): boolean => hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);

/** The parameters as a file of Flux's own syntax tree: text can hold anything without being read as Flux. */
const externOf = (parameters: Parameters): object => ({
  type: 'File',
  package: null,
  imports: null,
  body: [
    {
      type: 'OptionStatement',
      assignment: {
        type: 'VariableAssignment',
        id: { type: 'Identifier', name: 'params' },
        init: {
          type: 'ObjectExpression',
          properties: Object.entries(parameters).map(([name, value]) => ({
            type: 'Property',
            key: { type: 'Identifier', name },
            value: typeof value === 'string' ? { type: 'StringLiteral', value } : { type: 'IntegerLiteral', value: String(value) },
          })),
        },
      },
    },
  ],
});

/** RFC 3339 with nanoseconds. */
const timeText = (nanos: bigint): string =>
  `${new Date(Number(nanos / 1_000_000_000n) * 1_000).toISOString().slice(0, 19)}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;

const messageOf = (error: unknown): string => {
  if (error instanceof HttpError) return (error.json as { message?: string } | undefined)?.message ?? error.body ?? error.message;
  if (error instanceof AggregateError) return error.errors.map((one) => messageOf(one)).join(', ');
  return error instanceof Error ? error.message : String(error);
};

/** What went wrong, and whether asking again later may help without anybody's doing. */
const causeOf = (error: unknown, where: string): { readonly refused: boolean; readonly passes: boolean; readonly cause: Failure } => {
  const message = messageOf(error);
  const of = (code: Failure['code'], passes: boolean, refused = false) => ({ refused, passes, cause: failure(code, message, where) });
  if (!(error instanceof HttpError)) return of('store-unreachable', true);
  const { statusCode } = error;
  if (/organization name .* not found/.test(message)) return of('store-denied', false);
  if (statusCode === 401 || statusCode === 403) return of('store-denied', false);
  if (statusCode === 404 && /bucket/.test(message)) return of('store-not-set-up', false);
  if (statusCode === 404 || (statusCode >= 300 && statusCode < 400)) return of('store-unreachable', false);
  if (statusCode === 408 || statusCode === 429 || statusCode >= 500) return of('store-unreachable', true);
  return of('store-failed', false, true);
};

/** The pause before the next try, ms: twice the last one, or what InfluxDB asks for. */
const pauseMs = (error: unknown, failed: number): number => {
  const asked = error instanceof HttpError ? error.retryAfter() : 0;
  return Math.min(pauseMsMax, Math.max(asked, pauseMsMin * 2 ** Math.min(failed, 10)));
};

/**
 * @param tell hears what keeps InfluxDB from answering what is held, once for each cause, and null when it answers again
 * @returns a connection; nothing is sent yet. Fails with `bad-setting` where the URL is none
 */
export const connect = ({ url, org, token, timeoutMs = 30_000 }: Access, tell: (trouble: Failure | null) => void = () => {}): Connection => {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw fail('bad-setting', `${JSON.stringify(url)} is no http or https URL`, 'OCTROI_INFLUX_URL');
  const { transport } = new InfluxDB({ url, token, timeout: timeoutMs });
  const where = `${new URL(url).origin}, organisation ${org}`;
  const compressed = isThisMachine(new URL(url)) ? {} : { gzipThreshold };
  const ending = new AbortController();
  let told: string | null = null;

  const tellOnce = (trouble: Failure | null): void => {
    if ((trouble?.message ?? null) === told) return;
    told = trouble?.message ?? null;
    tell(trouble);
  };
  const closed = (): FailureError => fail('store-failed', 'the store is closed', where);

  const persist = async <T>(patienceMs: number, attempt: (signal: AbortSignal, isAgain: boolean) => Promise<T>): Promise<T> => {
    const began = performance.now();
    for (let failed = 0; ; failed++) {
      if (ending.signal.aborted) throw closed();
      const own = new AbortController();
      try {
        const result = await attempt(AbortSignal.any([ending.signal, own.signal]), failed > 0);
        tellOnce(null);
        return result;
      } catch (error) {
        own.abort(); // a request that timed out would keep its socket
        if (ending.signal.aborted) throw closed();
        if (error instanceof FailureError) throw error;
        const { refused, passes, cause } = causeOf(error, where);
        if (refused) throw new Refusal(cause.message);
        if (patienceMs !== held && (!passes || performance.now() - began >= patienceMs)) throw new FailureError(cause);
        tellOnce(cause);
        await delay(pauseMs(error, failed), undefined, { signal: ending.signal }).catch(() => {});
      }
    }
  };

  const inOrg = `org=${encodeURIComponent(org)}`;
  const asFailure = (error: unknown): never => {
    throw error instanceof Refusal ? fail('store-failed', error.message, where) : error;
  };
  return {
    where,
    org,
    write: (bucket, lines, before) =>
      persist(held, async (signal, isAgain) => {
        await before?.(isAgain);
        const path = `/api/v2/write?${inOrg}&bucket=${encodeURIComponent(bucket)}&precision=ns`;
        await transport.request(path, lines, { method: 'POST', headers: { 'content-type': 'text/plain; charset=utf-8' }, ...compressed, signal });
      }),
    query: (query, parameters, patienceMs = answeredWithinMs) =>
      persist(patienceMs, async (signal) => {
        const body = JSON.stringify({ query, extern: externOf(parameters), dialect: { annotations: [], header: true } });
        const options = { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/csv' }, signal };
        const reader = rowReader();
        const decoder = new TextDecoder();
        const rows: Row[] = [];
        for await (const chunk of transport.iterate(`/api/v2/query?${inOrg}`, body, options)) {
          for (const row of reader.push(decoder.decode(chunk, { stream: true }))) rows.push(row);
        }
        for (const row of reader.end()) rows.push(row);
        return rows;
      }).catch(asFailure),
    remove: (bucket, predicate, from, to) =>
      persist(held, async (signal) => {
        const body = JSON.stringify({ start: timeText(from), stop: timeText(to), predicate });
        const path = `/api/v2/delete?${inOrg}&bucket=${encodeURIComponent(bucket)}`;
        await transport.request(path, body, { method: 'POST', headers: { 'content-type': 'application/json' }, signal });
      }).catch(asFailure),
    call: (method, path, body, patienceMs = answeredWithinMs) =>
      persist(patienceMs, async (signal) => {
        const text = body === undefined ? '' : JSON.stringify(body);
        return (await transport.request(path, text, { method, headers: { 'content-type': 'application/json' }, signal })) as unknown;
      }).catch(asFailure),
    isHolding: () => told !== null,
    close: () => ending.abort(),
  };
};
