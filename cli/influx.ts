/** `octroi influx setup`: makes the buckets of a store on InfluxDB, with their retention. Can be repeated. */
import { Command } from 'commander';
import type { Config } from '../config.ts';
import { connect } from '../stores/influxdb/connection.ts';
import { type BucketSetUp, setUpBuckets } from '../stores/influxdb/setup.ts';
import { configOf, plainCommand, print } from './options.ts';
import { influxAccess } from './parts/influx.ts';

const line = ({ name, role, keptDays, done }: BucketSetUp): string => {
  const kept = keptDays === 0 ? 'kept for good' : `kept for ${keptDays} days`;
  return `${done.padEnd(7)} ${name} (${role}, ${kept})`;
};

const setup = async (config: Config): Promise<BucketSetUp[]> => {
  const access = influxAccess(config);
  const connection = connect(access);
  try {
    return await setUpBuckets(connection, access.buckets, { raw: config.influxRawDays, panes: config.influxPanesDays });
  } finally {
    connection.close();
  }
};

const setupCommand = (): Command =>
  plainCommand('setup', 'make the three buckets, or give them the retention that is set; can be repeated')
    .option('--influx-url <url>', 'address of the server (OCTROI_INFLUX_URL, default http://127.0.0.1:8086)')
    .option('--influx-org <name>', 'organisation (OCTROI_INFLUX_ORG)')
    .option(
      '--influx-raw-days <n>',
      'how long readings are kept, by event time (OCTROI_INFLUX_RAW_DAYS, default 0: until the horizon cuts them, which over Kafka it does not)',
    )
    .option('--influx-panes-days <n>', 'how long panes are kept (OCTROI_INFLUX_PANES_DAYS, default 0: for good)')
    .action(async ({ json, ...options }) => {
      const done = await setup(configOf({ ...options, store: 'influxdb' }));
      print(json, { buckets: done }, () => done.map(line).join('\n'));
    });

export const influxCommand = (): Command =>
  new Command('influx').description('prepare an InfluxDB 2 server to be the store (OCTROI_INFLUX_URL, _ORG and _TOKEN)').addCommand(setupCommand());
