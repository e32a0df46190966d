/** The rows of the torture, one line each. */
import type { Row } from './row.ts';
import { badSync } from './rows/bad-sync.ts';
import { damage } from './rows/damage.ts';
import { diskFull } from './rows/disk-full.ts';
import { kill } from './rows/kill.ts';
import { powerCut } from './rows/power-cut.ts';

export const rows: readonly Row[] = [kill, powerCut, damage, diskFull, badSync];
