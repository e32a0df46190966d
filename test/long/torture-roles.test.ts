/** What lands a change of the rows of `octroi torture` over real servers: 20 kills of gates, plants, Kafka and InfluxDB (4 minutes), a minute without InfluxDB (3). */
import { describe, expect, test } from 'vitest';
import { runRow } from '../../torture/harness.ts';
import { noInfluxd } from '../../torture/rigs/influxd.ts';
import { noKafka } from '../../torture/rigs/kafka-server.ts';
import { influxAway } from '../../torture/rows/influx-away.ts';
import { rolesKill } from '../../torture/rows/roles-kill.ts';
import { withReason } from '../reason.ts';

/** Another each day, and named where it fails. */
const seed = Number(process.env.OCTROI_TORTURE_SEED ?? Math.floor(Date.now() / 86_400_000));
const reason = process.platform === 'linux' ? (noInfluxd ?? noKafka()) : 'only on Linux';

describe.skipIf(reason !== null)(withReason('rows over real servers', reason), () => {
  test.for([rolesKill, influxAway])('$name', { timeout: 1_800_000 }, async (row) => {
    const { verdict, faults, figures, again } = await runRow(row, { seed, full: false, bad: false, busy: true });
    expect([verdict, faults, again]).toEqual(['held', [], again]);
    console.log(row.name, figures);
  });
});
