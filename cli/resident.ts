/** Memory of the processes of one gate, each page counted once. Linux only. */
import { readFileSync } from 'node:fs';

const kbOf = (line: string): number => Number(/(\d+) kB$/.exec(line)?.[1] ?? 0);

interface Resident {
  anonymousKb: number;
  /** By file and place in it: pages that any process which maps them shares. */
  readonly sharedKb: Map<string, number>;
}

const none = (): Resident => ({ anonymousKb: 0, sharedKb: new Map() });

const residentOf = (pid: number): Resident => {
  const found = none();
  let mapped = '';
  let rssKb = 0;
  try {
    for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
      if (/^[0-9a-f]+-/.test(line)) {
        const [, , offset, , , file = ''] = line.split(/\s+/);
        mapped = file.startsWith('/') ? `${file} ${offset}` : '';
      } else if (line.startsWith('Rss:')) rssKb = kbOf(line);
      else if (line.startsWith('Anonymous:')) {
        const ownKb = mapped === '' ? rssKb : kbOf(line);
        found.anonymousKb += ownKb;
        if (mapped !== '') found.sharedKb.set(mapped, (found.sharedKb.get(mapped) ?? 0) + rssKb - ownKb);
      }
    }
  } catch {
    return none(); // it has ended, or there is no /proc
  }
  return found;
};

/**
 * Resident memory of several processes together, MB: the sum of their own pages, and of each file that they map (the program itself)
 * what the one with most of it has resident. A sum of VmRSS would count the program once a process.
 */
export const residentMb = (pids: readonly (number | undefined)[]): number => {
  const all = none();
  for (const pid of pids) {
    if (pid === undefined) continue;
    const { anonymousKb, sharedKb } = residentOf(pid);
    all.anonymousKb += anonymousKb;
    for (const [file, kb] of sharedKb) all.sharedKb.set(file, Math.max(kb, all.sharedKb.get(file) ?? 0));
  }
  let kb = all.anonymousKb;
  for (const sharedKb of all.sharedKb.values()) kb += sharedKb;
  return Math.round(kb / 1024);
};
