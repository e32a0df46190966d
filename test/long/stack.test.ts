/** `npm run stack`: the services of compose.yaml as processes over the real servers; a figure on the page, and nothing left behind Ctrl-C. About 50 s. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hourMs, minuteMs, quarterMs } from '../../core/time.ts';
import { noInfluxd } from '../../torture/rigs/influxd.ts';
import { noKafka } from '../../torture/rigs/kafka-server.ts';
import { root } from '../command-line.ts';
import { folder, until } from '../e2e/running.ts';
import { withReason } from '../reason.ts';

const reason = noKafka() ?? noInfluxd;

const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

const below = (pid: number): number[] => {
  const children = isAlive(pid) ? readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number) : [];
  return children.flatMap((child) => [child, ...below(child)]);
};

/** The end of what each process of the stack said, for who reads of a failure. */
const lastWords = (data: string): string[] =>
  readdirSync(data)
    .filter((name) => name.endsWith('.log'))
    .map((name) => `${name}: ${readFileSync(join(data, name), 'utf8').slice(-500)}`);

describe.skipIf(reason !== null)(withReason('the stack', reason), () => {
  test('opens all that compose.yaml names, shows a figure, and ends it all', async () => {
    const data = folder();
    const child = spawn(process.execPath, [join(root, 'bin/stack.mjs'), '--data', data, '--free-ports'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const pid = child.pid as number;
    let started: number[] = [];
    onTestFinished(() => {
      for (const one of [...started, ...below(pid), pid]) if (isAlive(one)) process.kill(one, 'SIGKILL');
    });
    await until('the stack is open', () => {
      if (child.exitCode !== null) throw new Error('it ended');
      return said.includes("octroi's stack is open");
    }).catch((error: Error) => {
      throw new Error([error.message, said, ...lastWords(data)].join('\n'));
    });
    const mqttPort = /gate-2 +mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
    const web = /web +(http:\/\/\S+)/.exec(said)?.[1];

    const from = Math.floor((Date.now() - 2 * hourMs) / quarterMs) * quarterMs;
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: 'meter' });
    for (let n = 0; n <= 20; n++) {
      const body = { ts: from + n * minuteMs, values: { active_energy_import: 1_000 + n } };
      await client.publishAsync('city/v1/centre/stack-meter/telemetry', JSON.stringify(body), { qos: 1 });
    }
    await client.endAsync();
    const receipt = `${web}/en/explain?device=stack-meter&quantity=active_energy_import&window=PT15M&at=${from}`;
    await until('the page shows the figure', async () => {
      const answer = await fetch(receipt);
      return answer.status === 200 && /\b15(\.0+)?\s+kWh/.test((await answer.text()).replace(/<[^>]+>/g, ' '));
    });

    started = below(pid);
    // Two servers, five roles, and for each role its launcher.
    expect(started.filter(isAlive).length).toBeGreaterThanOrEqual(12);
    child.kill('SIGINT');
    expect((await once(child, 'exit'))[0]).toBe(0);
    expect(started.filter(isAlive)).toEqual([]);
  });
});
