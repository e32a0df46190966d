/** Failures as RFC 9457 problems (application/problem+json). Which failure it is, is left to whoever found it. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type Failure, type FailureCode, FailureError, failure, failures } from '../core/failure.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: FailureCode;
  /** The parameter concerned. */
  readonly field?: string;
  readonly remedy: string;
}

const statusOf = (code: FailureCode): number => {
  if (code === 'not-found') return 404;
  if (code === 'forbidden') return 403;
  if (code === 'limit-reached') return 429;
  return failures[code].class === 'retryable' ? 503 : 400;
};

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  413: 'Body too large',
  414: 'URL too long',
  415: 'Unsupported media type',
  429: 'Too many requests',
  431: 'Headers too large',
  500: 'Internal error',
  503: 'Unavailable',
};

/** @param status where HTTP has a closer word than the failure's own */
export const problemOf = ({ code, message, where }: Failure, status = statusOf(code)): Problem => ({
  type: `urn:octroi:failure:${code}`,
  title: titles[status] ?? 'Bad request',
  status,
  detail: message,
  code,
  ...(where === undefined ? {} : { field: where }),
  remedy: failures[code].remedy,
});

/** Sends a failure as a problem. */
export const sendProblem = (reply: FastifyReply, found: Failure, status?: number): FastifyReply => {
  const problem = problemOf(found, status);
  if (problem.status === 503) reply.header('retry-after', '2');
  return reply.code(problem.status).header('cache-control', 'no-store').type('application/problem+json').serializer(JSON.stringify).send(problem);
};

interface Issue {
  readonly instancePath?: string;
  readonly message?: string;
  /** `keys`: names that the schema does not know. */
  readonly params?: { readonly keys?: readonly string[] };
}

/** The parameters of a question's schema; of several schemas those of each. */
const namesOf = (schema: unknown): string[] => {
  const { shape, options = [] } = (schema ?? {}) as { readonly shape?: object; readonly options?: readonly unknown[] };
  return [...new Set([...Object.keys(shape ?? {}), ...options.flatMap(namesOf)])];
};

/** A validation error of fastify-type-provider-zod, as the first field that is wrong; one that is not known first: it may be the one that is missing, misspelt. */
const invalid = (issues: readonly Issue[], schema: unknown): Failure => {
  const issue = issues.find(({ params }) => params?.keys !== undefined) ?? issues[0];
  const path = issue?.instancePath?.replace(/^\//, '').replaceAll('/', '.') ?? '';
  const [unknown] = issue?.params?.keys ?? [];
  if (unknown !== undefined) {
    const names = path === '' ? namesOf(schema) : [];
    const known = names.length === 0 ? '' : `; there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
    return failure('bad-request', `there is no parameter "${unknown}" here${known}`, path === '' ? unknown : `${path}.${unknown}`);
  }
  return failure('bad-request', `${path === '' ? 'the request' : path}: ${issue?.message ?? 'not valid'}`, ...(path === '' ? [] : ([path] as const)));
};

/** Turns whatever a handler threw into a problem; only what is nobody's fault but ours is a 500, and is logged. */
export const problemHandler = (error: FastifyError | FailureError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  if (error instanceof FailureError) return sendProblem(reply, error.failure);
  if (error.validation !== undefined) {
    const { body, querystring } = request.routeOptions.schema ?? {};
    return sendProblem(reply, invalid(error.validation as readonly Issue[], error.validationContext === 'body' ? body : querystring));
  }
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500) return sendProblem(reply, failure('bad-request', error.message), status);
  request.log.error({ err: error }, 'a request failed');
  return sendProblem(reply, failure('unavailable', 'the answer could not be made; the log of the plant says why'), 500);
};
