/** The wall clock of the gate is set back and forth, and the gate is away for ten hours. */
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { Gate, get, until } from '../gate.ts';
import { promisedOf, startLoad } from '../load.ts';
import { figuresOf, judge } from '../oracle.ts';
import { clockShim } from '../rigs/shim.ts';
import type { Asked, Found, Row } from '../row.ts';

const hour = 3_600;
/** One step at a time; the second half only in the long form. */
const steps = [-hour, 0, 24 * hour, 0, hour, 0, -24 * hour, 0] as const;
const downtimeSeconds = 10 * hour;
const patient = 300_000;
const messagesPerStep = 100;
/** Known-bad: the clock of the devices is two days ahead, so that their readings lie in the future. */
const aheadMs = 2 * 86_400_000;

const run = async (asked: Asked): Promise<Found> => {
  const { trials, scope, bad, say } = asked;
  const data = asked.folder('data');
  const shim = clockShim(asked);
  const gate = Gate.in(scope, { data, mqttPort: await freePort(), httpPort: await freePort(), env: { OCTROI_LOG_LEVEL: 'fatal', ...shim.env } });
  await gate.start();
  const load = startLoad(scope, {
    port: gate.mqttPort,
    connections: 20,
    messages: 10_000_000,
    ratePerSecond: 200,
    firstAt: Date.now() - 7_200_000 + (bad ? aheadMs : 0),
  });
  const more = (): Promise<unknown> => {
    const before = load.acknowledged();
    return until('acknowledgements', patient, () => load.acknowledged() > before + messagesPerStep);
  };
  const anomalies = async (kind: string): Promise<number> => (await get(`${gate.http}/api/v1/anomalies`)).split(`"kind":"${kind}"`).length - 1;
  const stored = async (): Promise<number> => Number(/"stored":(\d+)/.exec(await get(`${gate.http}/api/v1/ledger`))?.[1] ?? 0);
  const faults: string[] = [];
  let alarms = 0;
  await more();
  await until('the plant is up', patient, async () => (await get(`${gate.http}/api/v1/ledger`)).includes('"stored"'));
  let missed = 0;
  for (let trial = 0; trial < trials; trial++) {
    for (const seconds of asked.full ? steps : steps.slice(0, 4)) {
      say(`clock ${seconds} s`);
      shim.set(seconds);
      alarms++;
      const before = await stored();
      await more();
      if (!bad) await until('readings of now in the store', patient, async () => (await stored()) > before + messagesPerStep);
      await until('the alarm', 8_000, async () => (await anomalies('clock-step')) >= Math.min(alarms, 20)).catch(() => missed++);
    }
  }
  if (missed > 0) faults.push(`${missed} steps of the clock raised no alarm`);
  say(`away for ${downtimeSeconds} s`);
  await gate.kill();
  shim.set(downtimeSeconds);
  await gate.start();
  await more();
  await delay(2_000); // ticks, which would tell of silence
  const silent = await anomalies('silent');
  if (silent > 0) faults.push(`${silent} alarms say that devices are silent`);
  load.stop();
  const promised = promisedOf(load.options, await load.result);
  await gate.stop();
  const judged = await judge(data, { promised });
  return { faults: [...faults, ...judged.faults], figures: { alarms, ...figuresOf(judged) } };
};

export const clock: Row = {
  name: 'clock',
  what: 'the wall clock of the gate is set by an hour and by a day, back and forth; the gate is away for ten hours',
  promise: 'each step raises its alarm; no good reading is refused; nobody is called silent',
  control: 'the clock of the devices is two days ahead instead',
  trials: { quick: 1, full: 10 },
  run,
};
