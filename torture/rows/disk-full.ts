/** The disk fills up under load and is freed again: first the store waits, then the log holds its acknowledgements. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { Gate, get, metric, until } from '../gate.ts';
import { promisedOf, startLoad, untilMinuteEnded } from '../load.ts';
import { figuresOf, judge } from '../oracle.ts';
import { fill, smallDisk } from '../rigs/disks.ts';
import { disk, diskShim } from '../rigs/shim.ts';
import type { Asked, Found, Row } from '../row.ts';

const ratePerSecond = 400;
/** For what has no promise of its own: the machine may be busy, ms. */
const patient = 300_000;
const reserveMb = 6;
const alarmMsMax = 5_000;
const backMsMax = 10_000;

const run = async (asked: Asked): Promise<Found> => {
  const { trials, scope, bad, busy, say } = asked;
  const data = join(smallDisk(asked, 64), 'data');
  const shim = bad ? diskShim(asked) : null;
  shim?.set(disk.logWriteFailureIsHidden, 1);
  const env = { OCTROI_DISK_RESERVE_MB: String(reserveMb), ...shim?.env };
  const gate = Gate.in(scope, { data, mqttPort: await freePort(), httpPort: await freePort(), env });
  await gate.start();
  const load = startLoad(scope, { port: gate.mqttPort, connections: 20, messages: 10_000_000, ratePerSecond, ...(bad ? { patienceMs: 5_000 } : {}) });
  const faults: string[] = [];
  const more = (count: number, msMax = patient): Promise<unknown> => {
    const before = load.acknowledged();
    return until('acknowledgements', msMax, () => load.acknowledged() > before + count);
  };
  let backMsWorst = 0;
  for (let trial = 0; trial < trials; trial++) {
    say(`full ${trial + 1} of ${trials}`);
    await more(100);
    await until('the plant is up', patient, async () => (await metric(gate, 'octroi_store_writable')) === 1);
    const first = fill(data, reserveMb - 2);
    await until('the store waits', patient, async () => (await metric(gate, 'octroi_store_writable')) === 0);
    await more(100);
    const said = gate.log.length;
    const second = fill(data);
    const alarm = (): boolean => gate.log.slice(said).includes('the log cannot be written');
    if (bad) await more(200);
    else {
      await until('the alarm in the log', busy ? patient : alarmMsMax, alarm);
      const held = load.acknowledged();
      if (!(await get(`${gate.http}/en/operations`)).includes('The log can no longer be written'))
        faults.push('the operations page does not say that the log cannot be written');
      await delay(1_500); // a while in which nothing may be acknowledged
      if (load.acknowledged() > held) faults.push(`${load.acknowledged() - held} acknowledgements while the log could not be written`);
    }
    second();
    first();
    const from = performance.now();
    await more(1, busy ? patient : backMsMax);
    backMsWorst = Math.max(backMsWorst, performance.now() - from);
  }
  await untilMinuteEnded(load, gate);
  load.stop();
  const result = await load.result;
  if (result.reconnects > 0) faults.push(`${result.reconnects} connections were lost`);
  await gate.stop();
  const judged = await judge(data, { promised: promisedOf(load.options, result) });
  return { faults: [...faults, ...judged.faults], figures: { ...figuresOf(judged), backMsWorst: Math.round(backMsWorst) } };
};

export const diskFull: Row = {
  name: 'disk-full',
  what: 'the disk fills up, first to the reserve of the log and then wholly, and is freed again',
  promise: 'the alarm within 5 s; nothing is acknowledged that is not written, no connection is lost; acknowledgements again within 10 s',
  control: 'writes of the log that fail are reported to it as done',
  trials: { quick: 1, full: 20 },
  run,
};
