/** Far more than can be sustained, from devices that wait for their acknowledgements and from devices that do not, with ordinary devices beside them. What gives way first is left to the rows. */
import { setTimeout as delay } from 'node:timers/promises';
import { residentMb } from '../cli/resident.ts';
import { freePort } from './free-port.ts';
import { Gate, metric, plantIsUp, until } from './gate.ts';
import { forkLoad, promisedOf, startLoad } from './load.ts';
import { figuresOf, judge } from './oracle.ts';
import type { Asked, Found } from './row.ts';

const residentMbMax = 450;
const othersMsP99Max = 1_000;
const calmMsMax = 10_000;
/** An ordinary device counts as served like ever from there on, ms. */
const calmMs = 200;
/** Messages that no generator on one machine reaches in a second: it sends what it can. */
const messagesPerSecond = 100_000;
const firstAt = (): number => Date.now() - 86_400_000;
/** Known-bad: nothing is bounded. */
const unbounded = {
  inFlightPerClientMax: 10_000_000,
  inFlightBytesPerClientMax: 10_000_000_000,
  heldEnvelopesMax: 100_000_000,
  heldBytesMax: 100_000_000_000,
  waitingBytesMax: 100_000_000_000,
  ratePerDeviceMax: 100_000_000,
};

/** What makes octroi slower than the town. */
export interface Bottleneck {
  readonly limits?: Readonly<Record<string, number>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** 500 devices that wait, 8 that do not, and 10 ordinary ones, for as many seconds as there are trials; the control lifts the limits of the door. */
export const pressure = async (asked: Asked, { limits = {}, env: more = {} }: Bottleneck): Promise<Found> => {
  const { trials: seconds, scope, bad, full, busy, say } = asked;
  const data = asked.folder('data');
  const env = {
    OCTROI_LOG_LEVEL: 'fatal',
    OCTROI_COMMIT_MS: '1000',
    OCTROI_SNAPSHOT_MS: '60000',
    OCTROI_DOOR_LIMITS: JSON.stringify(bad ? unbounded : limits),
    ...more,
  };
  const gate = Gate.in(scope, { data, mqttPort: await freePort(), httpPort: await freePort(), env });
  await gate.start();
  await plantIsUp(gate);
  const { mqttPort: port } = gate;
  const worst = { residentMb: 0, gateMb: 0, plantMb: 0 };
  const watching = setInterval(() => {
    worst.gateMb = Math.max(worst.gateMb, residentMb([gate.pid]));
    worst.plantMb = Math.max(worst.plantMb, residentMb([gate.plantPid]));
    worst.residentMb = Math.max(worst.residentMb, residentMb([gate.pid, gate.plantPid]));
  }, 250);
  scope.add(() => clearInterval(watching));

  const shared = { port, firstAt: firstAt(), resend: true, messages: messagesPerSecond * seconds, patienceMs: 60_000 };
  const wait = { ...shared, connections: 500, window: 4, firstDevice: 0 };
  const flood = { ...shared, connections: 8, window: 50_000, firstDevice: 1_000, stepMs: 1 };
  const loads = [wait, flood].map((options) => ({ options, load: forkLoad(scope, options) }));
  await delay(1_500); // both are under way
  const others = startLoad(scope, { port, connections: 10, messages: seconds * 50, ratePerSecond: 50, firstDevice: 2_000, firstAt: shared.firstAt });
  say(`${seconds} s of overload`);
  const othersResult = await others.result;
  const results = await Promise.all(loads.map(async ({ options, load }) => ({ options, result: await load.finish() })));
  const ended = performance.now();

  const faults: string[] = [];
  let probes = 0;
  const after = [];
  for (let calm = 0; calm < 10 && performance.now() - ended < calmMsMax; ) {
    const options = { port, connections: 1, window: 1, messages: 1, firstDevice: 3_000 + probes++, firstAt: shared.firstAt };
    const probe = startLoad(scope, options);
    const result = await probe.result;
    after.push(...promisedOf(probe.options, result));
    calm = result.complete && result.latencyMsMax <= calmMs ? calm + 1 : 0;
  }
  const calmAfterMs = Math.round(performance.now() - ended);
  if (!busy && calmAfterMs >= calmMsMax) faults.push(`not back to normal within ${calmMsMax} ms`);
  await until('the plant has caught up', full ? 3_600_000 : 600_000, async () => {
    const lag = await metric(gate, 'octroi_lag_envelopes');
    return lag !== null && lag < 10;
  });
  const caughtUpMs = Math.round(performance.now() - ended);
  clearInterval(watching);

  const lostConnections = results.reduce((sum, { result }) => sum + result.reconnects, othersResult.reconnects);
  if (lostConnections > 0) faults.push(`${lostConnections} connections were lost`);
  if (!busy && othersResult.latencyMsP99 > othersMsP99Max) faults.push(`ordinary devices wait: p99 ${Math.round(othersResult.latencyMsP99)} ms`);
  if (worst.residentMb > residentMbMax) faults.push(`${worst.residentMb} MB resident, ${residentMbMax} are promised`);
  await gate.stop();
  const promised = [...results.flatMap(({ options, result }) => promisedOf(options, result)), ...promisedOf(others.options, othersResult), ...after];
  const judged = await judge(data, { promised });
  return {
    faults: [...faults, ...judged.faults],
    figures: {
      waitingPerSecond: Math.round((results[0]?.result.acknowledged ?? 0) / seconds),
      floodingPerSecond: Math.round((results[1]?.result.acknowledged ?? 0) / seconds),
      othersMsP99: Math.round(othersResult.latencyMsP99),
      ...worst,
      calmAfterMs,
      caughtUpMs,
      ...figuresOf(judged),
    },
  };
};
