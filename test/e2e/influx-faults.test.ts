/** A store on InfluxDB that cannot be used, as `octroi start` and `octroi doctor` tell it: one line, the remedy, exit 1. About 10 s. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Influxd, noInfluxd, startInfluxd } from '../../torture/rigs/influxd.ts';
import { withReason } from '../reason.ts';
import { folder, octroi } from './running.ts';

describe.skipIf(noInfluxd !== null)(withReason('a start on the wrong InfluxDB', noInfluxd), () => {
  let influxd: Influxd;
  beforeAll(async () => {
    influxd = await startInfluxd();
  });
  afterAll(() => influxd?.close());

  const rows: [what: string, wrong: Record<string, string>, said: RegExp][] = [
    ['address', { OCTROI_INFLUX_URL: 'http://127.0.0.1:1' }, /store-unreachable: [^\n]*127\.0\.0\.1:1[^\n]*Start InfluxDB, or correct OCTROI_INFLUX_URL/],
    ['token', { OCTROI_INFLUX_TOKEN: 'wrong' }, /store-denied: [^\n]*Correct OCTROI_INFLUX_ORG and OCTROI_INFLUX_TOKEN/],
    ['organisation', { OCTROI_INFLUX_ORG: 'nobody' }, /store-denied: [^\n]*"nobody" not found[^\n]*Correct OCTROI_INFLUX_ORG/],
    ['bucket', { OCTROI_INFLUX_PANES_BUCKET: 'none' }, /store-not-set-up: [^\n]*"none"[^\n]*Run octroi influx setup/],
  ];
  test.each(rows)('the wrong %s', async (_, wrong, said) => {
    const { raw, panes, state } = await influxd.buckets();
    const env = {
      OCTROI_STORE: 'influxdb',
      OCTROI_INFLUX_URL: influxd.url,
      OCTROI_INFLUX_ORG: influxd.org,
      OCTROI_INFLUX_TOKEN: influxd.token,
      OCTROI_INFLUX_RAW_BUCKET: raw,
      OCTROI_INFLUX_PANES_BUCKET: panes,
      OCTROI_INFLUX_STATE_BUCKET: state,
      OCTROI_LOG_LEVEL: 'fatal',
      ...wrong,
    };
    const ports = ['--http-port', '0', '--mqtt-port', '0'];
    const [start, doctor] = await Promise.all([
      octroi(['start', '--data', folder(), '--no-demo', ...ports], env),
      octroi(['doctor', '--data', folder()], { ...env, OCTROI_HTTP_PORT: '0', OCTROI_MQTT_PORT: '0' }),
    ]);
    expect([start.code, start.out]).toEqual([1, '']);
    expect(start.err).toMatch(/^octroi: [^\n]*\n$/);
    expect(start.err).toMatch(said);
    expect(doctor.code).toBe(1);
    expect(doctor.out).toMatch(new RegExp(`FAIL InfluxDB: ${said.source}`));
    expect(start.err + doctor.out).not.toContain(influxd.token);
  });
});
