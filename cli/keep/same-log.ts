/** Whether a store and its log tell of the same past. What follows where they do not is left to the callers. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { fail } from '../../core/failure.ts';
import { AppendFileReader } from '../../log/append-file-reader.ts';
import { openReader } from '../parts/log.ts';
import { unreadable } from '../parts/unreadable.ts';
import { storeFile } from './data-folder.ts';

/** Where a store stands: all below `position` is in it; `logTime` is that of the envelope before. */
export interface Standing {
  readonly position: number;
  readonly logTime: number;
}

const cure = 'octroi rebuild makes the store anew from the log';

const requireSameFile = async (data: string, { position, logTime }: Standing): Promise<void> => {
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
  } catch (error) {
    throw await unreadable(error, data, position - 1);
  } finally {
    await reader.close();
  }
};

/** The stamps of Kafka may go back where its clock was set, and the log time does not: an envelope is never later than the store knows it. */
const requireSameTopic = async (config: Config, { position, logTime }: Standing, partition: number): Promise<void> => {
  const reader = openReader(config, partition);
  try {
    const [start, end] = [await reader.start(), await reader.end()];
    if (position > end) throw fail('log-corrupt', `the log ends at position ${end}, the store stands at ${position}; ${cure}`, config.kafkaTopic);
    if (position <= start) return;
    for await (const { envelopes } of reader.read(position - 1, position, 1)) {
      if (envelopes.every((envelope) => envelope.logTime <= logTime)) continue;
      throw fail('log-corrupt', `position ${position - 1} of the log is later than the store knows it; ${cure}`, config.kafkaTopic);
    }
  } finally {
    await reader.close();
  }
};

/**
 * Offsets that are given twice would be taken for done: what was acknowledged under them would never show.
 * @throws FailureError `log-corrupt` where the log ends before its store, or went on after it had lost its end
 */
export const requireSameLog = (config: Config, standing: Standing, partition = 0): Promise<void> =>
  config.log === 'file' ? requireSameFile(config.data, standing) : requireSameTopic(config, standing, partition);

/** What finding out needs of the settings. */
export type StandingAsked = Pick<Config, 'data' | 'storeMemoryMb' | 'storeThreads'>;

/** Where the store of a folder stands; null where there is none, or it cannot be opened. In a process of its own: a damaged file may end it. */
export const standingOf = async ({ data, storeMemoryMb, storeThreads }: StandingAsked): Promise<Standing | null> => {
  if (!existsSync(storeFile(data))) return null;
  // No secret: everybody on the machine can read what a process was called with.
  const asked: StandingAsked = { data, storeMemoryMb, storeThreads };
  const child = fork(new URL('./store-standing.ts', import.meta.url), [JSON.stringify(asked)], { stdio: 'ignore' });
  const ended = new AbortController();
  const said = await Promise.race([
    once(child, 'message', { signal: ended.signal }).then(([standing]) => standing as Standing),
    once(child, 'exit', { signal: ended.signal }).then(() => null),
  ]);
  ended.abort();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return said;
};
