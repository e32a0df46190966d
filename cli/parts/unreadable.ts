/** A log in a folder that the system does not let us read, as a failure that names the file. What can be read and is damaged is left to the log: it skips that, and counts it. */
import { createReadStream } from 'node:fs';
import { FailureError, fail } from '../../core/failure.ts';
import type { LogReader } from '../../core/log.ts';
import { listSegments, logFolder } from '../../log/segment.ts';

const canBeRead = async (path: string): Promise<boolean> => {
  try {
    for await (const _ of createReadStream(path));
    return true;
  } catch {
    return false;
  }
};

/** The first file that cannot be read, of those with offsets from `from` on; the last of the log is always among them. */
const fileThatFails = async (folder: string, from: number): Promise<string | null> => {
  const segments = await listSegments(folder);
  const first = segments.findLastIndex(({ firstOffset }) => firstOffset <= from);
  for (const { path } of segments.slice(Math.max(0, first))) if (!(await canBeRead(path))) return path;
  return null;
};

const isOfSystem = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'errno' in error && !(error instanceof FailureError);

/**
 * What reading a log threw, as it is told. Node does not say which file a read was of: the files are tried again.
 * @param data the data folder @param from offset from which was read
 * @returns `log-unreadable` where the system refused; anything else as it is
 */
export const unreadable = async (error: unknown, data: string, from: number): Promise<unknown> => {
  if (!isOfSystem(error)) return error;
  const folder = logFolder(data);
  const file = error.path ?? (await fileThatFails(folder, from).catch(() => null));
  return fail('log-unreadable', error.message.split('\n', 1)[0] ?? '', file ?? folder);
};

/** The same reader, which fails with `log-unreadable` where the system refuses to read. @param data the data folder */
export const tellingReader = (reader: LogReader, data: string): LogReader => {
  const told = async <T>(read: Promise<T>, from: number): Promise<T> =>
    read.catch(async (error: unknown) => {
      throw await unreadable(error, data, from);
    });
  return {
    async *read(from, end, batchMax) {
      let at = from;
      try {
        for await (const stretch of reader.read(from, end, batchMax)) {
          at = (stretch.envelopes.at(-1)?.offset ?? at) + 1;
          yield stretch;
        }
      } catch (error) {
        throw await unreadable(error, data, at);
      }
    },
    start: () => told(reader.start(), 0),
    end: () => told(reader.end(), Number.POSITIVE_INFINITY),
    close: () => reader.close(),
  };
};
