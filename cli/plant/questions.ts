/** Questions to a busy thread go before its work: each `await` of an answer would otherwise wait for a slice of it. What is asked is left to `worker.ts`. */

type Ask = (...args: unknown[]) => Promise<unknown>;

export interface Questions {
  /** The same questions, counted until they are answered. */
  counted(questions: object): Record<string, Ask>;
  /** Resolves when all that was asked is answered, after `ms` at the latest: questions get as long as the work before them had. */
  yieldTo(ms: number): Promise<void>;
}

export const questions = (): Questions => {
  let asked = 0;
  let allAnswered: () => void = () => {};
  const count =
    (ask: Ask): Ask =>
    (...args) => {
      asked++;
      return ask(...args).finally(() => {
        if (--asked === 0) allAnswered();
      });
    };
  return {
    counted: (given) => Object.fromEntries(Object.entries(given as Record<string, Ask>).map(([name, ask]) => [name, count(ask)])),
    yieldTo: (ms) =>
      new Promise((resolve) => {
        if (asked === 0) return resolve();
        const timer = setTimeout(resolve, ms);
        allAnswered = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
};
