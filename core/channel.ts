/** Calls across a process or thread boundary: named methods, answers by number, failures as values. What carries the messages is left to others. */
import { type Failure, FailureError, failure } from './failure.ts';

export type Wire =
  | { readonly call: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly answer: number; readonly ok: unknown }
  | { readonly answer: number; readonly failed: Failure };

/** An object whose methods all return promises. */
type Methods = Record<string, (...args: never[]) => Promise<unknown>>;

/** Answers the other side's calls with the methods of `target`. @returns what to do with each message that came */
export const answering = (target: object, send: (message: Wire) => void): ((message: Wire) => void) => {
  const methods = target as Methods;
  return (message) => {
    if (!('call' in message)) return;
    const { call, method, args } = message;
    const found = Object.hasOwn(methods, method) ? methods[method] : undefined;
    const answer = found === undefined ? Promise.reject(new Error(`no method ${method}`)) : found(...(args as never[]));
    answer.then(
      (ok) => send({ answer: call, ok }),
      (error: unknown) => send({ answer: call, failed: error instanceof FailureError ? error.failure : failure('unavailable', String(error)) }),
    );
  };
};

export interface Calls<T> {
  /** The other side's methods. */
  readonly remote: T;
  /** Hand it each message that came. */
  readonly receive: (message: Wire) => void;
  /** Fails everything that still waits: the other side is gone, or does not answer. */
  readonly abort: (cause: Failure) => void;
  /** The other side is gone for good: fails everything that still waits, and whatever is asked from now on. */
  readonly end: (cause: Failure) => void;
}

/** Calls the other side's methods. Any property of `remote` is a method. */
export const calling = <T extends object>(send: (message: Wire) => void): Calls<T> => {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let next = 0;
  let gone: Failure | null = null;
  const abort = (cause: Failure): void => {
    for (const { reject } of waiting.values()) reject(new FailureError(cause));
    waiting.clear();
  };
  const remote = new Proxy({} as T, {
    get: (_, method) => {
      if (typeof method !== 'string' || method === 'then') return undefined;
      return (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          if (gone !== null) return reject(new FailureError(gone));
          const call = next++;
          waiting.set(call, { resolve, reject });
          send({ call, method, args });
        });
    },
  });
  return {
    remote,
    receive(message) {
      if (!('answer' in message)) return;
      const asked = waiting.get(message.answer);
      waiting.delete(message.answer);
      if (asked === undefined) return;
      if ('failed' in message) asked.reject(new FailureError(message.failed));
      else asked.resolve(message.ok);
    },
    abort,
    end(cause) {
      gone ??= cause;
      abort(gone);
    },
  };
};
