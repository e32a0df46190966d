/** The simulated devices of the demo town, in a process of their own: they would slow the gate that they load. */

import { fail } from '../core/failure.ts';
import { wallClock } from '../simulators/clock.ts';
import { runFleet } from '../simulators/run.ts';
import { readTown } from './keep/town-file.ts';
import { types } from './types.ts';

const [url, file, historyHours, speed] = process.argv.slice(2);
if (url === undefined || file === undefined) throw fail('bad-setting', 'demo-fleet needs the address of the gate and a town file');

const ending = new AbortController();
const end = (): void => ending.abort();
// The gate tells it to stop, or is gone.
process.on('disconnect', end);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

await runFleet({
  url,
  town: await readTown(file),
  types,
  clock: wallClock,
  signal: ending.signal,
  faultsPerWeek: 1,
  historyHours: Number(historyHours),
  speed: Number(speed),
  onHistory: (share) => process.send?.(share, undefined, undefined, () => {}),
});
process.exit(0);
