/** The horizon of a gate whose store is InfluxDB: the log is cut behind a snapshot there, and goes on from it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Config } from '../../config.ts';
import { openGate } from '../../main.ts';
import { townOf } from '../drive.ts';
import { onInfluxDb } from '../stores/on-influxdb.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { configFor, writtenLog } from './folder.ts';

const dayMs = 86_400_000;

onInfluxDb('a gate over InfluxDB at the horizon', ({ server }) => {
  it('cuts the log and its raw readings, keeps figures and books, and takes no backup', async () => {
    const data = join(temporaryFolder(), 'data');
    const written = await writtenLog(data, { segmentBytesMax: 16_384 });
    written.send('registry', { action: 'apply', town: townOf([{ id: 'a', type: 'submeter' }]) });
    await written.minutes(120, ['a']);
    const { now: cutAt } = written;
    written.now = Date.now() - 3_600_000; // an hour ago, after months of nothing
    await written.minutes(10, ['a']);
    const last = (await written.log.cutPlan({ allowedBelow: Number.POSITIVE_INFINITY, now: Date.now(), horizonDays: 30 })).at(-1) ?? 0;
    expect(last).toBeGreaterThan(100);
    await written.close();

    const { url, org, token, buckets } = server();
    const { raw, panes, state } = await buckets();
    const named = { influxUrl: url, influxOrg: org, influxToken: token, influxRawBucket: raw, influxPanesBucket: panes, influxStateBucket: state };
    const config: Config = configFor(data, { store: 'influxdb', horizonDays: 30, ...named });
    const held = async (whenCut: () => Promise<void>) => {
      const gate = await openGate(config);
      const http = await gate.http;
      await whenCut();
      const get = async (route: string, asked = {}): Promise<Record<string, unknown[]>> => {
        const answered = await fetch(`${http}/api/v1/${route}?${new URLSearchParams(asked)}`);
        expect(answered.status).toBe(200);
        return (await answered.json()) as Record<string, unknown[]>;
      };
      const past = { device: 'a', quantity: 'active_power', from: new Date(cutAt - dayMs).toISOString(), to: new Date(cutAt + dayMs).toISOString() };
      const found = { ledger: await get('ledger'), panes: await get('panes', { ...past, window: 'PT1H' }), readings: await get('readings', past) };
      await gate.close();
      return found;
    };
    const firstSegment = (): number => Number(readdirSync(join(data, 'log')).sort()[0]?.slice(0, 20));
    const before = await held(() => expect.poll(firstSegment, { timeout: 60_000 }).toBe(last));
    expect(before.ledger).toMatchObject({ balanced: true });
    // From a late one of the hour before to one on the hour after; of 137 readings those of the segment that is kept, and the ends.
    expect((before.panes.panes as { count: number }[]).filter(({ count }) => count > 0)).toHaveLength(4);
    expect(before.readings.readings?.length).toBeLessThan(70);
    expect(readdirSync(data)).not.toContain('backups');
    // Behind a restart the pipeline goes on from the snapshot: what came before it is not in the log any more.
    const after = await held(async () => {});
    expect(after.ledger).toMatchObject({ balanced: true });
    expect([after.panes, after.readings]).toEqual([before.panes, before.readings]);
  });
});
