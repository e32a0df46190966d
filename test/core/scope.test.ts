/** What was opened is closed, whatever fails. */
import { expect, test } from 'vitest';
import { Scope } from '../../core/scope.ts';

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
