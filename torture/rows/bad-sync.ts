/** Syncs that fail, having lost what they were to keep, and syncs that are slow: first those of the log, then those of the store in mid-write. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { Gate, plantIsUp, until } from '../gate.ts';
import { promisedOf, startLoad, untilMinuteEnded } from '../load.ts';
import { figuresOf, judge } from '../oracle.ts';
import { disk, diskShim } from '../rigs/shim.ts';
import type { Asked, Found, Row } from '../row.ts';

const ratePerSecond = 400;
const failsEvery = 5;
const slowUs = 150_000;
const patient = 300_000;

const run = async (asked: Asked): Promise<Found> => {
  const { trials, chance, scope, bad, say } = asked;
  const data = asked.folder('data');
  const shim = diskShim(asked);
  const gate = Gate.in(scope, { data, mqttPort: await freePort(), httpPort: await freePort(), env: shim.env });
  await gate.start();
  const load = startLoad(scope, { port: gate.mqttPort, connections: 20, messages: 10_000_000, ratePerSecond, ...(bad ? { patienceMs: 5_000 } : {}) });
  const more = (count: number): Promise<unknown> => {
    const before = load.acknowledged();
    return until('acknowledgements', patient, () => load.acknowledged() > before + count);
  };
  const faults: string[] = [];
  const segments = (): number => readdirSync(join(data, 'log')).length;
  for (let trial = 0; trial < trials; trial++) {
    say(`round ${trial + 1} of ${trials}`);
    const before = segments();
    shim.set(disk.logSyncFailureIsHidden, bad ? 1 : 0);
    shim.set(disk.logSyncFailsEvery, failsEvery);
    await more(100 + Math.floor(chance() * 200));
    shim.set(disk.logSyncFailsEvery, 0);
    if (!bad && segments() === before) faults.push('a segment whose sync failed was written on');
    shim.set(disk.logSyncDelayUs, slowUs);
    await more(50 + Math.floor(chance() * 50));
    shim.set(disk.logSyncDelayUs, 0);
    await plantIsUp(gate, patient);
    const plant = gate.plantPid;
    shim.set(disk.storeSyncsFail, 1);
    await until('another plant', patient, () => gate.plantPid !== undefined && gate.plantPid !== plant);
    await more(50);
  }
  await untilMinuteEnded(load, gate);
  load.stop();
  const promised = promisedOf(load.options, await load.result);
  await gate.stop();
  const judged = await judge(data, { promised });
  return { faults: [...faults, ...judged.faults], figures: { ...figuresOf(judged), segments: segments() } };
};

export const badSync: Row = {
  name: 'bad-sync',
  what: 'every fifth sync of the log fails and loses what it was to keep, then each takes 150 ms, then a sync of the store fails in mid-write (fatal for DuckDB)',
  promise: 'a group whose sync failed is written again elsewhere, what it left is ignored; the plant comes back; nothing acknowledged is lost or counted twice',
  control: 'a sync that fails is reported as done, as a second sync of the same file is',
  trials: { quick: 1, full: 50 },
  run,
};
