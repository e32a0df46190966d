/** A process that takes the lock of a folder and gives it back, again and again: how often it had it, and how often another had it too. */
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { lockFolder } from '../../log/lock.ts';

const [folder = '', times = ''] = process.argv.slice(2);
const mark = join(folder, 'held');
let taken = 0;
let twice = 0;
while (taken < Number(times)) {
  const lock = await lockFolder(folder).catch(() => null);
  if (lock === null) continue;
  taken++;
  try {
    closeSync(openSync(mark, 'wx'));
    await nextTurn();
    rmSync(mark);
  } catch {
    twice++;
  }
  await lock.release();
}
console.log(JSON.stringify({ taken, twice }));
