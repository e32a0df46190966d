/** A gate, a plant and a server of pages over a real Kafka and a real InfluxDB: what was published is read from the pages and the API. About 25 s. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, test } from 'vitest';
import { hourMs, minuteMs, quarterMs } from '../../core/time.ts';
import { partitionOf } from '../../log/kafka/partitions.ts';
import { noInfluxd } from '../../torture/rigs/influxd.ts';
import { noKafka } from '../../torture/rigs/kafka-server.ts';
import { withReason } from '../reason.ts';
import { bothServers, roleEnvironment, startRole } from './roles.ts';
import { folder, octroi, until } from './running.ts';

const reason = noKafka() ?? noInfluxd;
const partitions = 3;
/** A device for each partition. */
const meters = Array.from({ length: partitions }, (_, partition) => {
  for (let n = 0; ; n++) if (partitionOf(`meter-${n}`, partitions) === partition) return `meter-${n}`;
});

const town = `name: Issy
zone: Europe/Paris
admission: declared
sites:
  - { id: mairie, name: Mairie, use: office, owner: public }
devices:
${meters.map((id) => `  - { id: ${id}, type: submeter, site: mairie }\n`).join('')}`;

describe.skipIf(reason !== null)(withReason('pages beside many gates and plants', reason), () => {
  const servers = bothServers();

  test('show what every partition holds, follow it, and change nothing', async () => {
    const env = await roleEnvironment(servers, 'shown', partitions);
    expect(await octroi(['kafka', 'setup'], env)).toMatchObject({ code: 0, err: '' });
    const file = join(folder(), 'town.yaml');
    writeFileSync(file, town);
    const [gate, plant, web] = await Promise.all([
      startRole('gate', env, '--town', file, '--mqtt-port', '0'),
      startRole('plant', env),
      startRole('web', { ...env, OCTROI_SNAPSHOT_MS: '1000' }),
    ]);
    const asked = async (path: string) => {
      const answer = await fetch(`${web.http}${path}`);
      expect([path, answer.status]).toEqual([path, 200]);
      return answer.json();
    };
    await until('the town is known', async () => (await asked('/api/v1/devices')).devices.length === partitions);

    const events = await fetch(`${web.http}/api/v1/events`);
    const stream = (events.body as ReadableStream<Uint8Array>).getReader();
    const heard = (async () => {
      for (let text = ''; ; ) {
        const { value, done } = await stream.read();
        text += Buffer.from(value ?? []).toString('utf8');
        if (done || meters.every((id) => text.includes(`"${id}"`))) return text;
      }
    })();
    heard.catch(() => {}); // where the test ends before it is awaited

    // Quarters of an hour with 3 kWh on each meter, and readings that nobody can read.
    const from = Math.floor((Date.now() - 2 * hourMs) / quarterMs) * quarterMs;
    const port = Number(/mqtt:\/\/[\d.]+:(\d+)/.exec(gate.said())?.[1]);
    for (const id of meters) {
      const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { username: id, clientId: id });
      const say = (body: string) => client.publishAsync(`city/v1/mairie/${id}/telemetry`, body, { qos: 1 });
      for (let n = 0; n <= 6; n++) await say(JSON.stringify({ ts: from + n * 5 * minuteMs, values: { active_energy_import: 1_000 + n } }));
      for (const n of [1, 2, 3]) await say(`no json ${n}`);
      await client.endAsync();
    }

    const range = `quantity=active_energy_import&window=PT15M&from=${from}&to=${from + quarterMs}`;
    const { value } = await until('the figure of the site is there', async () => {
      const { panes } = (await asked(`/api/v1/panes?site=mairie&${range}`)) as { panes: { sum: number; coverage: number }[] };
      return panes[0]?.sum === 3 * partitions ? panes[0] : null;
    });
    expect(value.coverage).toBe(1);
    for (const id of meters) {
      expect((await asked(`/api/v1/panes?device=${id}&${range}`)).panes[0].sum).toBe(3);
      const readings = `/api/v1/readings?device=${id}&quantity=active_energy_import&from=${from}&to=${from + hourMs}`;
      await until(`all readings of ${id} are there`, async () => (await asked(readings)).readings.length >= 7);
      expect((await asked(readings)).readings).toHaveLength(7);
    }
    expect((await asked('/api/v1/latest')).latest.map((one: { device: string }) => one.device).sort()).toEqual([...meters].sort());
    expect(await heard).toContain('event: commit');
    await stream.cancel();

    // The pages.
    const page = await (await fetch(`${web.http}/en/sites/mairie`)).text();
    expect(page).toContain('Mairie');
    const receipt = await (await fetch(`${web.http}/en/explain?device=${meters[1]}&quantity=active_energy_import&window=PT15M&at=${from}`)).text();
    expect(receipt.replace(/<[^>]+>/g, ' ')).toMatch(/\b3(\.0+)?\s+kWh/);
    expect((await fetch(`${web.http}/en/operations`)).status).toBe(200);

    // The books of all partitions together, and dead letters page by page: each once, newest first.
    const { value: books } = await until('the books are even', async () => {
      const ledger = await asked('/api/v1/ledger');
      return ledger.readings.dead_letter === 3 * partitions ? ledger : null;
    });
    expect(books).toMatchObject({ balanced: true, readings: { stored: 7 * partitions, duplicate: 0, corrected: 0 } });
    const letters: { device: string; envelope: number; logged: string }[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const got: { dead_letters: typeof letters; next: string | null } = await asked(
        `/api/v1/dead-letters?limit=2${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`,
      );
      letters.push(...got.dead_letters);
      after = got.next;
    }
    expect(new Set(letters.map(({ device, envelope }) => `${device}/${envelope}`)).size).toBe(3 * partitions);
    expect(letters).toHaveLength(3 * partitions);
    expect(letters.map(({ logged }) => logged)).toEqual(letters.map(({ logged }) => logged).sort().reverse()); // biome-ignore format: one line

    // It changes nothing, and says who does.
    const refused = await fetch(`${web.http}/api/v1/devices/adopt`, {
      method: 'POST',
      headers: { origin: web.http, 'content-type': 'application/json' },
      body: JSON.stringify({ subject: 'stranger', type: 'room-sensor' }),
    });
    expect([refused.status, (await refused.json()).detail]).toEqual([503, expect.stringContaining('octroi town apply')]);

    // Without its plants it shows what is stored, and says that more waits.
    plant.child.kill('SIGKILL');
    await until('it says how far it is', async () => (await asked('/health/ready')).lag > 0);
    expect((await asked(`/api/v1/panes?site=mairie&${range}`)).panes[0].sum).toBe(3 * partitions);
    for (const { child } of [web, gate]) {
      child.kill('SIGTERM');
      expect((await once(child, 'exit'))[0]).toBe(0);
    }
  });

  test('a setting that does not go with it is one line', async () => {
    const start = (more: Record<string, string>) => octroi(['start', '--role', 'web', '--data', folder(), '--http-port', '0'], more);
    expect(await start({})).toMatchObject({ code: 2, err: expect.stringMatching(/^octroi: bad-setting: [^\n]*OCTROI_LOG[^\n]*\n$/) });
    expect(await start({ OCTROI_LOG: 'kafka' })).toMatchObject({ code: 2, err: expect.stringMatching(/^octroi: bad-setting: [^\n]*OCTROI_STORE[^\n]*\n$/) });
  });
});
