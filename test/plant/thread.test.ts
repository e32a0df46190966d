/** A plant's thread that ends: whatever it was asked, before or after, is answered or refused. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startPlantThread } from '../../cli/plant/thread.ts';
import { configFor, filled } from '../keep/folder.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** How a question settles; null where it has not after some time. */
const settled = (question: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    question.then(
      () => 'answered',
      (error) => error.failure?.code,
    ),
    delay(5_000, null),
  ]);

test('questions to a thread that was stopped are refused, those that wait and those that come', async () => {
  const data = join(temporaryFolder(), 'data');
  const written = await filled(data, 10);
  const end = written.log.durableEnd;
  await written.close();
  const thread = startPlantThread(configFor(data));
  await thread.ready;
  thread.tell(end);
  await thread.views.reached(end);
  const waiting = thread.views.reached(end + 1);
  thread.stop();
  expect(await thread.ended).toBe(null);
  expect(await settled(waiting)).toBe('unavailable');
  expect(await settled(thread.views.status())).toBe('unavailable');
});

test('questions to a thread that failed are refused with its failure', async () => {
  const thread = startPlantThread(configFor('/dev/null/data'));
  const why = await thread.ended;
  expect(why).toBeInstanceOf(Error);
  await expect(thread.ready).rejects.toBe(why);
  await expect(thread.views.status()).rejects.toMatchObject({ failure: { code: 'log-unreadable' } });
});
