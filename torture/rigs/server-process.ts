/** A real server as a child process. What it serves, and how it is started, is left to its own file. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { noServerHere } from '../../bin/missing-servers.mjs';

/** Why what needs a real server cannot run here; `npm test` counts what it left out by it. @param what is missing, and how it comes here */
export const noServer = (what: string): string => `${noServerHere}${what}`;

/** Looks every 50 ms until it answers. @throws Error where it has ended instead */
export const untilServes = async (name: string, child: ChildProcess, isUp: () => Promise<boolean>): Promise<void> => {
  const end = (): number | string | null => child.exitCode ?? child.signalCode;
  while (end() === null && !(await isUp())) await delay(50);
  if (end() !== null) throw new Error(`${name} ended with ${end()}`);
};

/** Ends it at once, as a power cut would. */
export const killed = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
};
