/** A store on InfluxDB as the settings describe it: how it is reached, and what stands in the way. */
import { pino } from 'pino';
import type { Config } from '../../config.ts';
import { FailureError } from '../../core/failure.ts';
import { connect } from '../../stores/influxdb/connection.ts';
import { checkBuckets } from '../../stores/influxdb/setup.ts';
import type { InfluxDbOptions } from '../../stores/influxdb.ts';
import { isUsed } from '../keep/data-folder.ts';

type Named = Pick<InfluxDbOptions, 'url' | 'org' | 'token' | 'buckets'>;

/** Where the buckets are, and with which token. */
export const influxAccess = ({ influxUrl, influxOrg = '', influxToken = '', influxRawBucket, influxPanesBucket, influxStateBucket }: Config): Named => ({
  url: influxUrl,
  org: influxOrg,
  token: influxToken,
  buckets: { raw: influxRawBucket, panes: influxPanesBucket, state: influxStateBucket },
});

/** For the plant, and for pages that follow it: what keeps InfluxDB from taking what is held is said on standard error, once for each cause. */
export const influxOptions = (config: Config): InfluxDbOptions => {
  const isWriter = config.role !== 'web';
  const logger = pino({ level: config.logLevel, base: { role: isWriter ? 'plant' : 'web' } }, pino.destination(2));
  const held = isWriter ? 'InfluxDB does not take what is committed: it is held, and waits in the log' : 'InfluxDB does not answer: figures stay as they are';
  return {
    ...influxAccess(config),
    tell(trouble) {
      if (trouble === null) logger.info(isWriter ? 'InfluxDB takes what was held' : 'InfluxDB answers again');
      else logger.error({ why: trouble }, held);
    },
  };
};

/** Whether the buckets are there and may be read. Rejects as `checkBuckets`. */
export const checkInflux = async (config: Config): Promise<void> => {
  const access = influxAccess(config);
  const connection = connect(access);
  try {
    await checkBuckets(connection, access.buckets);
  } finally {
    connection.close();
  }
};

/**
 * What must hold before a gate opens: InfluxDB has the buckets, and lets octroi in. A server that does not answer is no
 * reason to turn devices away from a folder that is in use: there the plant waits for it.
 * @throws FailureError `store-denied`, `store-not-set-up`; on a fresh folder also `store-unreachable`
 */
export const requireStore = async (config: Config): Promise<void> => {
  if (config.store !== 'influxdb') return;
  try {
    await checkInflux(config);
  } catch (error) {
    const isAway = error instanceof FailureError && error.failure.code === 'store-unreachable';
    if (!isAway || !isUsed(config)) throw error;
  }
};
