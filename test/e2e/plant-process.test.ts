/** One process of the plant, as the gate has it in hand, at the moment of its death. */
import { expect, test } from 'vitest';
import { plantProcess } from '../../cli/plant-process.ts';
import { configSchema } from '../../config.ts';
import { folder } from './running.ts';

test('questions to a plant that has just died fail, and end nobody else', async () => {
  const config = configSchema.parse({ data: folder(), httpPort: 0, mqttPort: 0, demo: false });
  const started = Promise.withResolvers<void>();
  const nothing = async (): Promise<void> => {};
  const calls = { act: async () => 0, change: async () => 0, publish: nothing, clearPublic: nothing, publishToOperators: nothing, clearOperators: nothing };
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
