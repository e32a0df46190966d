/** What was opened is closed, whatever fails. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Scope, scoped } from '../../core/scope.ts';

test('closes in the reverse order, all of it, and tells the first failure', async () => {
  const scope = new Scope();
  const closed: number[] = [];
  for (const n of [1, 2, 3, 4]) {
    scope.add(async () => {
      closed.push(n);
      if (n === 3 || n === 2) throw new Error(`of ${n}`);
    });
  }
  await expect(scope.close()).rejects.toThrow('of 3');
  expect(closed).toEqual([4, 3, 2, 1]);
  await scope.close();
  expect(closed).toHaveLength(4);
});

test('whoever closes meanwhile waits for the same, and what is added meanwhile is closed too', async () => {
  const scope = new Scope();
  const closed: string[] = [];
  scope.add(async () => {
    await delay(20);
    scope.add(() => closed.push('late'));
    closed.push('slow');
  });
  const first = scope.close();
  await scope.close();
  expect(closed).toEqual(['slow', 'late']);
  await first;
});

test('work that fails tells its own failure, not that of the closing after it', async () => {
  const closed: string[] = [];
  const failing = (work: () => Promise<string>) =>
    scoped(async (opened) => {
      opened.add(() => closed.push('closed'));
      opened.add(() => Promise.reject(new Error('of the closing')));
      return work();
    });
  await expect(failing(() => Promise.reject(new Error('of the work')))).rejects.toThrow('of the work');
  await expect(failing(async () => 'done')).rejects.toThrow('of the closing');
  expect(closed).toHaveLength(2);
  expect(await scoped(async () => 'done')).toBe('done');
});
