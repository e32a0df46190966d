/** Power cuts at random moments under load: an ext4 loses what was not synced. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { Gate } from '../gate.ts';
import { promisedOf, startLoad, untilAcknowledged, untilMinuteEnded } from '../load.ts';
import { figuresOf, judge } from '../oracle.ts';
import { powerDisk } from '../rigs/disks.ts';
import { disk, diskShim } from '../rigs/shim.ts';
import type { Asked, Found, Row } from '../row.ts';

const ratePerSecond = 500;
const pauseMsMax = 700;
const diskMb = 1_024;

const run = async (asked: Asked): Promise<Found> => {
  const { trials, chance, scope, bad, say } = asked;
  const power = powerDisk(asked, diskMb);
  const shim = bad ? diskShim(asked) : null;
  shim?.set(disk.noSync, 1);
  const data = join(power.path, 'data');
  const gate = Gate.in(scope, { data, mqttPort: await freePort(), env: { OCTROI_LOG_LEVEL: 'error', ...shim?.env } });
  await gate.start();
  const load = startLoad(scope, { port: gate.mqttPort, messages: 10_000_000, ratePerSecond, ...(bad ? { patienceMs: 5_000 } : {}) });
  for (let trial = 0; trial < trials; trial++) {
    await untilAcknowledged(25, load, gate);
    await delay(chance() * pauseMsMax);
    say(`cut ${trial + 1} of ${trials}`);
    gate.freeze();
    power.cut();
    await gate.kill();
    power.restore();
    await gate.start();
  }
  await untilMinuteEnded(load, gate);
  load.stop();
  const promised = promisedOf(load.options, await load.result);
  await gate.stop();
  const judged = await judge(data, { promised });
  return { faults: judged.faults, figures: figuresOf(judged) };
};

export const powerCut: Row = {
  name: 'power-cut',
  what: 'the power is cut at random moments: whatever was not synced is gone (an ext4 on a loop device, shut down without a flush)',
  promise: 'no acknowledged message is lost, none is counted twice, every pane equals its recomputation',
  control: 'fsync and fdatasync do nothing',
  trials: { quick: 5, full: 100 },
  run,
};
