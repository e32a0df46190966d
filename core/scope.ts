/** What was opened, to be closed in the reverse order: at the end, or where a later step fails. */

export class Scope {
  readonly #open: (() => unknown)[] = [];
  #closing: Promise<void> | null = null;

  /** What is added while it closes is closed with the rest. */
  add(close: () => unknown): void {
    this.#open.push(close);
  }

  /** Closes all, also where one of them fails; then rejects with the first failure. Whoever asks meanwhile waits for the same. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll().finally(() => {
      this.#closing = null;
    });
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.#open.pop(); close !== undefined; close = this.#open.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Runs `work` with a scope that ends with it. Where both fail, it rejects with what the work failed with: that came first. */
export const scoped = async <Result>(work: (opened: Scope) => Promise<Result>): Promise<Result> => {
  const opened = new Scope();
  let result: Result;
  try {
    result = await work(opened);
  } catch (error) {
    await opened.close().catch(() => {});
    throw error;
  }
  await opened.close();
  return result;
};
