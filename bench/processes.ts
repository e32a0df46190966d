/** What processes have used, as Linux tells it. */
import { readFileSync } from 'node:fs';

/** Units of CPU time a second in /proc: the same on every Linux that Node runs on. */
const ticksASecond = 100;

/** CPU seconds, user and system, that a process has used; 0 where it has ended. */
export const cpuSeconds = (pid: number): number => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksASecond;
  } catch {
    return 0;
  }
};

export const childrenOf = (pid: number): number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};
