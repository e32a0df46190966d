/** The rows of `octroi torture` over real servers that land a change: 20 kills of gates, plants, Kafka and InfluxDB, and a minute without InfluxDB. About 6 minutes. */
import { describe, expect, test } from 'vitest';
import { runRow } from '../../torture/harness.ts';
import { noInfluxd } from '../../torture/rigs/influxd.ts';
import { noKafka } from '../../torture/rigs/kafka-server.ts';
import { influxAway } from '../../torture/rows/influx-away.ts';
import { rolesKill } from '../../torture/rows/roles-kill.ts';
import { withReason } from '../reason.ts';

/** Another each day, and named where it fails. */
const seed = Number(process.env.OCTROI_TORTURE_SEED ?? Math.floor(Date.now() / 86_400_000));
const reason = process.platform === 'linux' ? (noKafka() ?? noInfluxd) : 'only on Linux';

describe.skipIf(reason !== null)(withReason('kills over real servers', reason), () => {
  test.for([rolesKill, influxAway])('$name', { timeout: 900_000 }, async (row) => {
    const { verdict, faults, figures, again } = await runRow(row, { seed, full: false, bad: false, busy: true });
    expect([verdict, faults, again]).toEqual(['held', [], again]);
    console.log(row.name, figures);
  });
});
