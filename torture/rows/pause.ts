/** The gate is stopped for nine seconds, as a machine is that is moved or starved; then it dies, and everybody comes back at once. */
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { Gate, signalTo, until } from '../gate.ts';
import { figuresOf, judge } from '../oracle.ts';
import type { Asked, Found, Row } from '../row.ts';
import { startSwarm } from '../swarm.ts';

const devices = 2_000;
const pausedMs = 9_000;
const backMsMax = 60_000;
const backMsMaxBad = 15_000;

const run = async (asked: Asked): Promise<Found> => {
  const { trials, scope, bad, say } = asked;
  const data = asked.folder('data');
  const env = { OCTROI_LOG_LEVEL: 'fatal', ...(bad ? { OCTROI_DOOR_LIMITS: JSON.stringify({ connectionsMax: devices / 2 }) } : {}) };
  const gate = Gate.in(scope, { data, mqttPort: await freePort(), env });
  await gate.start();
  const faults: string[] = [];
  const swarm = startSwarm(scope, { port: gate.mqttPort, devices, keepaliveSeconds: 6, pingMs: 3_000, publishMs: 4_000 });
  const allBack = async (after: string): Promise<number> => {
    const from = performance.now();
    await until('everybody is back', bad ? backMsMaxBad : backMsMax, () => swarm.online() === devices).catch(() => {
      faults.push(`${after}: ${devices - swarm.online()} of ${devices} devices are not back`);
    });
    return Math.round(performance.now() - from);
  };
  let [cut, backMs, stormMs] = [0, 0, 0];
  await allBack('at first');
  for (let trial = 0; trial < (faults.length > 0 ? 0 : trials); trial++) {
    say(`pause ${trial + 1} of ${trials}`);
    await delay(2_000);
    const before = swarm.lost();
    signalTo(gate.pid, 'SIGSTOP');
    await delay(pausedMs);
    signalTo(gate.pid, 'SIGCONT');
    await delay(3_000);
    cut += swarm.lost() - before;
    backMs = Math.max(backMs, await allBack('after the pause'));
    await gate.kill();
    await gate.start();
    stormMs = Math.max(stormMs, await allBack('after the storm'));
  }
  // Who pinged while the gate stood still had kept its word: its PINGREQ stood in the socket.
  if (cut > 0) faults.push(`${cut} connections were cut though their devices had kept their keepalive`);
  await delay(1_000);
  const promised = swarm.stop();
  await gate.stop();
  const judged = await judge(data, { promised });
  return { faults: [...faults, ...judged.faults], figures: { devices, cut, backMs, stormMs, ...figuresOf(judged) } };
};

export const pause: Row = {
  name: 'pause',
  what: 'SIGSTOP of the gate for 9 s with 2,000 devices of 6 s keepalive; then kill -9, and all of them connect at once',
  promise: 'nobody is cut who kept its keepalive; all are back within 60 s; nothing acknowledged is lost',
  control: 'the door takes half as many connections',
  trials: { quick: 1, full: 10 },
  run,
};
