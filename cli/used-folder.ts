/** Whether a gate was ever open on a data folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';

/** Where the log is on Kafka, the folder holds the town that was applied. */
export const isUsed = ({ data, log }: Config): boolean => existsSync(join(data, log === 'file' ? 'log' : 'town.json'));
