/** What stands where in a data folder, and whether a gate was ever open on it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from '../../config.ts';
import { fail } from '../../core/failure.ts';

export const storeFile = (data: string): string => join(data, 'store', 'octroi.duckdb');

/** Where the log is on Kafka, the folder holds the town that was applied. */
export const isUsed = ({ data, log }: Config): boolean => existsSync(join(data, log === 'file' ? 'log' : 'town.json'));

/** @throws FailureError `no-data` where octroi never wrote in the folder */
export const requireData = (config: Config): void => {
  if (!isUsed(config)) throw fail('no-data', 'there is no log in it', resolve(config.data));
};
