/** The signals that ask a command to stop. What it does before it ends is left to the command. */

/** A terminal's Ctrl-C comes twice, from the terminal and from the launcher: within that time it counts as one, ms. */
const sameSignalMs = 500;

/** Resolves with null at the first signal to stop; a second one ends the process at once. */
export const stopAsked = (): Promise<null> =>
  new Promise((resolve) => {
    let first = 0;
    const heard = (): void => {
      if (first === 0) first = Date.now();
      else if (Date.now() - first > sameSignalMs) process.exit(1);
      resolve(null);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, heard);
  });
