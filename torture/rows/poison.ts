/** One device sends 100 bad messages a second; the others must not feel it. */
import mqtt from 'mqtt';
import { lettersPerEnvelopeMax } from '../../core/reading.ts';
import { freePort } from '../free-port.ts';
import { Gate } from '../gate.ts';
import { promisedOf, startLoad } from '../load.ts';
import { figuresOf, judge } from '../oracle.ts';
import { disk, diskShim } from '../rigs/shim.ts';
import type { Asked, Found, Row } from '../row.ts';

const badPerSecond = 100;
const goodPerSecond = 400;
const latencyMsP99Max = 1_000;
/** Known-bad: each sync of the log takes so long, and everybody waits. */
const slowUs = 700_000;

type Poison = (chance: () => number) => string | Buffer;

/** Of a known device: it comes first, and an open town adopts it. */
const badTime: Poison = () => '{"ts":"yesterday","values":{"temperature":1}}';

/** A message of 200 kB, each name of which is refused. */
const manyNames = JSON.stringify({ ts: [], values: Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`x_${n.toString(36)}`, 0])) });
const strangers: Poison = () => manyNames;

const lettersOf = (poison: Poison): number => (poison === strangers ? lettersPerEnvelopeMax + 1 : 1);

const poisons: readonly Poison[] = [
  () => '{"ts":',
  () => '',
  () => 'null',
  () => '{"values":5}',
  badTime,
  () => '{"ts":1e308,"values":{"temperature":1}}',
  () => '{"values":{"no_such_quantity":1}}',
  () => '{"values":{"temperature":{"toString":1}}}',
  () => '['.repeat(50_000),
  (chance) => Buffer.from(Array.from({ length: 300 }, () => 128 + Math.floor(chance() * 128))),
  (chance) => 'x'.repeat(Math.floor(chance() * 200_000)),
  strangers,
];

const run = async (asked: Asked): Promise<Found> => {
  const { trials, chance, scope, bad, busy } = asked;
  const data = asked.folder('data');
  const shim = bad ? diskShim(asked) : null;
  shim?.set(disk.logSyncDelayUs, slowUs);
  const gate = Gate.in(scope, { data, mqttPort: await freePort(), env: { OCTROI_LOG_LEVEL: 'fatal', ...shim?.env } });
  await gate.start();
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`, { clientId: 'poison-1', keepalive: 60 });
  scope.add(() => client.end(true));
  let closed = 0;
  client.on('close', () => closed++);
  // A trial is a second of poison.
  const load = startLoad(scope, {
    port: gate.mqttPort,
    connections: 40,
    window: 8,
    firstAt: Date.now() - 86_400_000,
    stepMs: 10_000,
    messages: trials * goodPerSecond,
    ratePerSecond: goodPerSecond,
  });
  const sent: Promise<unknown>[] = [];
  let deadLetters = 0;
  const began = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(trials * badPerSecond, Math.floor(((performance.now() - began) * badPerSecond) / 1_000));
      while (sent.length < due) {
        const poison = sent.length === 0 ? badTime : (poisons[Math.floor(chance() * poisons.length)] as Poison);
        deadLetters += lettersOf(poison);
        sent.push(client.publishAsync('city/v1/a/poison-1/telemetry', poison(chance), { qos: 1 }));
      }
      if (sent.length < trials * badPerSecond) return;
      clearInterval(timer);
      resolve();
    }, 10);
  });
  const result = await load.result;
  await Promise.all(sent);
  const faults: string[] = [];
  if (closed > 0) faults.push('the device was disconnected');
  if (!busy && result.latencyMsP99 > latencyMsP99Max) faults.push(`the others wait: p99 ${Math.round(result.latencyMsP99)} ms`);
  if (result.reconnects > 0) faults.push(`${result.reconnects} connections of others were lost`);
  await gate.stop();
  const judged = await judge(data, { promised: promisedOf(load.options, result), deadLetters });
  return {
    faults: [...faults, ...judged.faults],
    figures: { bad: sent.length, deadLetters, latencyMsP99: Math.round(result.latencyMsP99), ...figuresOf(judged) },
  };
};

export const poison: Row = {
  name: 'poison',
  what: 'one device sends 100 bad messages a second: no JSON, no UTF-8, 50,000 brackets, absurd times, 200 kB of nothing, 20,000 unknown names',
  promise:
    'each is acknowledged and kept as one dead letter, of many unknown names as 101; the p99 of the other devices stays below 1 s; nobody is disconnected',
  control: 'each sync of the log takes 700 ms, so that the others do wait',
  trials: { quick: 8, full: 300 },
  controlTrials: 4,
  run,
};
