/** Whether a store and its log tell of the same past. What follows where they do not is left to the callers. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Config } from '../config.ts';
import { fail } from '../core/failure.ts';
import { AppendFileReader } from '../log/append-file-reader.ts';
import { storeFile } from './parts.ts';

/** Where a store stands: all below `position` is in it; `logTime` is that of the envelope before. */
export interface Standing {
  readonly position: number;
  readonly logTime: number;
}

const cure = 'octroi rebuild makes the store anew from the log';

/**
 * Offsets that are given twice would be taken for done: what was acknowledged under them would never show.
 * @throws FailureError `log-corrupt` where the log ends before its store, or went on after it had lost its end
 */
export const requireSameLog = async (data: string, { position, logTime }: Standing): Promise<void> => {
  const reader = new AppendFileReader(data);
  try {
    const end = await reader.end();
    if (position > end) throw fail('log-corrupt', `the log ends at position ${end}, the store stands at ${position}; ${cure}`, data);
    if (position === 0) return;
    for await (const frame of reader.frames(position - 1, position)) {
      if (frame.firstOffset >= position || frame.logTime === logTime) continue;
      const [written, known] = [frame.logTime, logTime].map((at) => new Date(at).toISOString());
      throw fail('log-corrupt', `position ${position - 1} of the log is of ${written}, the store knows it as of ${known}; ${cure}`, data);
    }
  } finally {
    await reader.close();
  }
};

/** Where the store of a folder stands; null where there is none, or it cannot be opened. In a process of its own: a damaged file may end it. */
export const standingOf = async (config: Config): Promise<Standing | null> => {
  if (!existsSync(storeFile(config.data))) return null;
  const child = fork(new URL('./store-standing.ts', import.meta.url), [JSON.stringify(config)], { stdio: 'ignore' });
  const ended = new AbortController();
  const said = await Promise.race([
    once(child, 'message', { signal: ended.signal }).then(([standing]) => standing as Standing),
    once(child, 'exit', { signal: ended.signal }).then(() => null),
  ]);
  ended.abort();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return said;
};
