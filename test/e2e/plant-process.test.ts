/** One process of the plant, as the gate has it in hand: at the moment of its death, and while it opens. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { plantProcess } from '../../cli/plant/process.ts';
import { supervisePlant } from '../../cli/plant/supervisor.ts';
import { configSchema } from '../../config.ts';
import { configFor, filled } from '../keep/folder.ts';
import { folder } from './running.ts';

const nothing = async (): Promise<void> => {};
const calls = { act: async () => 0, change: async () => 0, publish: nothing, clearPublic: nothing, publishToOperators: nothing, clearOperators: nothing };

test('questions to a plant that has just died fail, and end nobody else', async () => {
  const config = configSchema.parse({ data: folder(), httpPort: 0, mqttPort: 0, demo: false });
  const started = Promise.withResolvers<void>();
  const plant = plantProcess(config, calls, { started: started.resolve, ready() {}, broken() {}, alive() {} });
  await started.promise;
  plant.kill();
  // Nothing of this process's own turn tells it that the other is gone: the kernel does, at a write.
  for (const until = performance.now() + 300; performance.now() < until; );
  const asked = Array.from({ length: 200 }, () => plant.view('ledger', []).catch((error: Error) => error.message));
  plant.stop();
  expect(await plant.ended).toBe('SIGKILL');
  for (const why of await Promise.all(asked)) expect(why).toMatch(/^unavailable: the plant ended/);
});

/** Of whichever thread of this process. */
const children = (): number[] =>
  readdirSync('/proc/self/task').flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number));

test('a plant that is only slow to open is not ended', async () => {
  const config = configFor(folder(), { plantSilentMsMax: 2_000 });
  await (await filled(config.data, 1)).close();
  const others = new Set(children());
  const plant = supervisePlant({ config, logger: pino({ enabled: false }), calls, report: () => null, onStart() {} });
  onTestFinished(() => plant.close());
  while (plant.life().starts === 0) await delay(1);
  const begun = plant.life();
  while (plant.life() === begun) await delay(1); // its first word: from here on its silence is counted
  const [pid] = children().filter((child) => !others.has(child));
  if (pid === undefined) throw new Error('the plant is no process');
  process.kill(pid, 'SIGSTOP'); // as slow as can be
  for (const until = performance.now() + 5_000; performance.now() < until && plant.life().hangs === 0; ) await delay(50);
  expect(plant.life()).toMatchObject({ starts: 1, hangs: 0 });
  process.kill(pid, 'SIGCONT');
  expect(await plant.http).toMatch(/^http:/);
  expect(plant.life()).toMatchObject({ starts: 1, hangs: 0 });
});
