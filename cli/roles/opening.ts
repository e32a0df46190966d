/** What a plant among many and a server of pages beside them have in common before they open: their settings, their folder, and the servers they need. */
import { mkdir } from 'node:fs/promises';
import { type Logger, pino } from 'pino';
import { type Config, environmentName } from '../../config.ts';
import { fail } from '../../core/failure.ts';
import { lockFolder } from '../../log/lock.ts';
import { requirePort, requireWritable } from '../gate/preflight.ts';
import { requireStore } from '../parts/influx.ts';
import { checkKafka } from '../parts/kafka.ts';
import type { Opened } from './role.ts';

/**
 * Locks the data folder, when nothing is in the way.
 * @throws FailureError `data-in-use`, `data-not-writable`, `port-taken`, `bad-setting`, `log-unreachable`, `log-denied`, `log-not-set-up`, `store-unreachable`, `store-denied`, `store-not-set-up`
 */
export const openBesideKafka = async (config: Config, opened: Opened, role: 'plant' | 'web'): Promise<Logger> => {
  if (config.log !== 'kafka') throw fail('bad-setting', `the role ${role} needs the log on Kafka`, environmentName('log'));
  if (config.store !== 'influxdb') throw fail('bad-setting', `the role ${role} needs the store on InfluxDB, which all share`, environmentName('store'));
  await requireWritable(config.data);
  await mkdir(config.data, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(config.data);
  opened.add(() => lock.release());
  await requirePort('HTTP', config.httpHost, config.httpPort);
  await checkKafka(config);
  await requireStore(config);
  return pino({ level: config.logLevel, base: { role } });
};
