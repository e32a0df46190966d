/** What lands a change of the rows of `octroi torture` over real servers: a minute without InfluxDB. About 3 minutes. `roles-kill` joins it once it has ended green. */
import { describe, expect, test } from 'vitest';
import { runRow } from '../../torture/harness.ts';
import { noInfluxd } from '../../torture/rigs/influxd.ts';
import { influxAway } from '../../torture/rows/influx-away.ts';
import { withReason } from '../reason.ts';

/** Another each day, and named where it fails. */
const seed = Number(process.env.OCTROI_TORTURE_SEED ?? Math.floor(Date.now() / 86_400_000));
const reason = process.platform === 'linux' ? noInfluxd : 'only on Linux';

describe.skipIf(reason !== null)(withReason('rows over real servers', reason), () => {
  test.for([influxAway])('$name', { timeout: 900_000 }, async (row) => {
    const { verdict, faults, figures, again } = await runRow(row, { seed, full: false, bad: false, busy: true });
    expect([verdict, faults, again]).toEqual(['held', [], again]);
    console.log(row.name, figures);
  });
});
