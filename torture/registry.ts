/** The rows of the torture, one line each. */
import type { Row } from './row.ts';
import { backlog } from './rows/backlog.ts';
import { badSync } from './rows/bad-sync.ts';
import { clock } from './rows/clock.ts';
import { cost } from './rows/cost.ts';
import { damage } from './rows/damage.ts';
import { diskFull } from './rows/disk-full.ts';
import { flood } from './rows/flood.ts';
import { influxAway } from './rows/influx-away.ts';
import { kill } from './rows/kill.ts';
import { network } from './rows/network.ts';
import { overload } from './rows/overload.ts';
import { pause } from './rows/pause.ts';
import { poison } from './rows/poison.ts';
import { powerCut } from './rows/power-cut.ts';
import { rolesKill } from './rows/roles-kill.ts';
import { slowReaders } from './rows/slow-readers.ts';

export const rows: readonly Row[] = [
  kill,
  powerCut,
  damage,
  diskFull,
  badSync,
  pause,
  network,
  poison,
  slowReaders,
  clock,
  overload,
  flood,
  backlog,
  cost,
  rolesKill,
  influxAway,
];
