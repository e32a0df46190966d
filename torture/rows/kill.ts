/** kill -9 of the gate, the plant, or both, at random moments, while devices publish under QoS 1 and 2. */
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { Gate } from '../gate.ts';
import { promisedOf, startLoad, startQos2, untilAcknowledged, untilMinuteEnded } from '../load.ts';
import { figuresOf, judge } from '../oracle.ts';
import { disk, diskShim } from '../rigs/shim.ts';
import type { Asked, Found, Row } from '../row.ts';

const ratePerSecond = 500;
/** Between two kills something is acknowledged, and then this passes at the most, ms. */
const pauseMsMax = 500;
/** How late the known-bad disk writes, ms. */
const lateMs = 150;

const run = async (asked: Asked): Promise<Found> => {
  const { trials, chance, scope, bad, say } = asked;
  const data = asked.folder('data');
  const shim = bad ? diskShim(asked) : null;
  shim?.set(disk.logWritesLateMs, lateMs);
  const gate = Gate.in(scope, { data, mqttPort: await freePort(), env: { OCTROI_LOG_LEVEL: 'error', ...shim?.env } });
  await gate.start();
  const load = startLoad(scope, { port: gate.mqttPort, messages: 10_000_000, ratePerSecond, ...(bad ? { patienceMs: 5_000 } : {}) });
  const qos2 = startQos2(scope, gate.mqttPort, 6, 1_000);
  const killed = { gate: 0, plant: 0, both: 0 };
  for (let trial = 0; trial < trials; trial++) {
    await untilAcknowledged(25, load, gate);
    await delay(chance() * pauseMsMax);
    const victim = (['gate', 'plant', 'both'] as const)[Math.floor(chance() * 3)] ?? 'both';
    killed[victim]++;
    say(`kill ${trial + 1} of ${trials}: ${victim}`);
    if (victim === 'plant') {
      gate.killPlant();
      continue;
    }
    await gate.kill(victim === 'both');
    await gate.start();
  }
  await untilMinuteEnded(load, gate);
  load.stop();
  const promised = [...promisedOf(load.options, await load.result), ...(await qos2.finish())];
  const faults: string[] = [];
  const code = await gate.stop();
  if (code !== 0) faults.push(`the gate ended with ${code}`);
  const judged = await judge(data, { promised });
  return {
    faults: [...faults, ...judged.faults],
    figures: { ...killed, qos2: promised.slice(-6).reduce((n, { told }) => n + told.length, 0), ...figuresOf(judged) },
  };
};

export const kill: Row = {
  name: 'kill',
  what: 'kill -9 of the gate, the plant, or both, at random moments, under QoS 1 and 2 with re-sending clients',
  promise: 'no acknowledged message is lost, none is counted twice, every pane equals its recomputation',
  control: 'the log is written 150 ms after it is acknowledged',
  trials: { quick: 20, full: 200 },
  controlTrials: 5,
  run,
};
