/** How far a long command is, on standard error: what it prints at its end goes to standard output alone. */

const barWidth = 30;

export interface ProgressBar {
  /** @param share of the work that is done, 0 to 1 */
  show(share: number, text: string): void;
  /** Leaves the line, where one was begun. */
  end(): void;
}

/** A bar on a terminal; elsewhere a line each tenth. */
export const progressBar = (): ProgressBar => {
  let shown = -1;
  let open = false;
  return {
    show(share, text) {
      const tenth = Math.floor(share * 10);
      const line = `${Math.floor(share * 100)} %, ${text}`;
      if (process.stderr.isTTY) {
        const full = Math.round(share * barWidth);
        process.stderr.write(`\r[${'#'.repeat(full)}${'-'.repeat(barWidth - full)}] ${line}   `);
        open = true;
      } else if (tenth > shown) process.stderr.write(`${line}\n`);
      shown = Math.max(shown, tenth);
    },
    end() {
      if (open) process.stderr.write('\n');
      open = false;
    },
  };
};

const askMs = 1_000;

/** Shows a bar while `work` lasts: asks each second how far it is, and shows nothing of what is done before. @param ask null: nothing to show */
export const withProgress = async <T>(ask: () => Promise<readonly [share: number, text: string] | null>, work: Promise<T>): Promise<T> => {
  const bar = progressBar();
  const asking = setInterval(() => {
    // An answer that fails is the work's own to tell.
    ask().then(
      (told) => told !== null && bar.show(...told),
      () => {},
    );
  }, askMs);
  try {
    return await work;
  } finally {
    clearInterval(asking);
    bar.end();
  }
};
