/** Servers that start later each get a port of their own. */
import { expect, test } from 'vitest';
import { freePort } from '../../torture/free-port.ts';

test('no port is given twice, nor one that the system hands out by itself', async () => {
  const ports: number[] = [];
  for (let n = 0; n < 500; n++) ports.push(await freePort());
  expect(new Set(ports).size).toBe(500);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});
