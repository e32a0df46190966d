/** Whether two folders lie apart. What is kept in them is left to the commands. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fail } from '../../core/failure.ts';

/** A path without links, also where its end is not there yet. */
const realOf = async (path: string): Promise<string> =>
  realpath(path).catch(async () => (dirname(path) === path ? path : join(await realOf(dirname(path)), basename(path))));

/**
 * A copy within its original, or the other way round, would write over what it copies.
 * @param copy what it is, for the message
 * @throws FailureError `bad-request`
 */
export const requireApart = async (copy: string, data: string, target: string): Promise<void> => {
  const [from, to] = await Promise.all([data, target].map((path) => realOf(resolve(path))));
  const isWithin = (path = '', folder = ''): boolean => `${path}/`.startsWith(`${folder}/`);
  if (isWithin(from, to) || isWithin(to, from)) throw fail('bad-request', `${copy} needs a folder apart from the data folder`, target);
};
