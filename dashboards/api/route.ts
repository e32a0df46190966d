/** What an API route is: its address, its question and its answer as zod schemas, and a function between the two. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ResolvedType } from '../../core/device-type.ts';
import type { Views } from '../../core/views.ts';
import type { Directory } from '../directory.ts';
import { pageRowsDefault, pageRowsMax } from '../limits.ts';
import type { Live } from '../live.ts';
import type { SlowReaders } from '../slow-readers.ts';

/** What every route may use. */
export interface Context {
  readonly views: Views;
  readonly types: ReadonlyMap<string, ResolvedType>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly directory: () => Promise<Directory>;
  readonly live: Live;
  readonly readers: Pick<SlowReaders, 'waitingBytes' | 'cut'>;
}

export interface Asked<Q, B> {
  readonly query: Q;
  readonly body: B;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface ApiRoute {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly summary: string;
  readonly query: z.ZodObject;
  readonly body: z.ZodType | null;
  /** Status 200 with this shape as JSON; null: the route writes its reply itself. */
  readonly answer: z.ZodType | null;
  readonly handle: (context: Context, asked: Asked<unknown, unknown>) => Promise<unknown>;
}

const noQuery = z.object({});

/** A route with the types of its question. Its query is strict: a misspelt filter that was not heeded would show other figures than were asked for. */
export const route = <Q extends z.ZodObject = typeof noQuery, B extends z.ZodType = z.ZodNull>(it: {
  readonly method?: 'GET' | 'POST';
  readonly url: string;
  readonly summary: string;
  readonly query?: Q;
  readonly body?: B;
  readonly answer: z.ZodType | null;
  readonly handle: (context: Context, asked: Asked<z.output<Q>, z.output<B>>) => Promise<unknown>;
}): ApiRoute => ({
  method: it.method ?? 'GET',
  url: it.url,
  summary: it.summary,
  query: (it.query ?? noQuery).strict(),
  body: it.body ?? null,
  answer: it.answer,
  handle: (context, asked) => it.handle(context, asked as Asked<z.output<Q>, z.output<B>>),
});

// The parameters that several routes share.
export const name = z.string().min(1).max(64);
export const moment = z.string().min(1).max(40).describe('RFC 3339 with its offset, a civil date of the zone, or epoch milliseconds');
export const limit = z.coerce.number().int().min(1).max(pageRowsMax).default(pageRowsDefault).describe('rows at most');
export const cursor = z.string().min(1).max(4_000).describe('the `next` of the page before');
export const windowParameter = z
  .enum(['PT1M', 'PT15M', 'PT1H', 'P1D', 'P1M'])
  .describe('ISO 8601: 1 min, 15 min, 1 h, civil day, civil month. `P`, the whole life of a series, has no bounds: `octroi explain` shows it');

// The parts that several answers share.
export const shownMoment = z.string().describe('RFC 3339, UTC');
export const flags = z.array(z.string());
export const next = z.string().nullable().describe('cursor of the following page; null on the last');
export const monthShape = z
  .object({ state: z.enum(['provisional', 'closed']), closes: shownMoment })
  .describe('of a civil month: once it is closed, each change is an adjustment');
export const paneShape = z.looseObject({
  start: shownMoment,
  end: shownMoment,
  sum: z.number().nullable().optional().describe('index, delta: the amount; null where nothing is known'),
  unallocated: z.number().optional().describe('the part of the sum that no smaller window holds'),
  mean: z.number().nullable().optional().describe('gauge: the time-weighted mean of the observed time'),
  min: z.number().nullable().optional(),
  max: z.number().nullable().optional(),
  shares: z.record(z.string(), z.number()).nullable().optional().describe('state: share of the observed time by word'),
  changes: z.number().optional(),
  coverage: z.number().describe('share of the window that was observed, 0 to 1'),
  open: z.boolean(),
  flags,
  version: z.number().nullable(),
  month: monthShape.optional(),
});
export const anomalyShape = z.looseObject({
  id: z.string(),
  device: z.string(),
  kind: z.string(),
  since: shownMoment,
  until: shownMoment.nullable(),
  basis_revised: z.number().nullable().describe('the last revision that changed readings in its span after it was judged; the judgement stays'),
});
const figuresShape = z.looseObject({ coverage: z.number() });
export const changeShape = z.looseObject({
  version: z.number(),
  revision: z.number(),
  at: shownMoment.nullable().describe('log time of the revision; null where it was made before the store kept it'),
  old: figuresShape.nullable().describe('null: nothing was known'),
  new: figuresShape,
  why: z.array(z.enum(['late', 'correction', 'import', 'reopened', 'refolded', 'unknown'])),
  readings: z.number().describe('readings that the revision wrote'),
  adjustment: z.boolean().describe('it changed a civil month that was closed'),
});
