import { Buffer } from 'node:buffer';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { TextCache } from '../../core/text-cache.ts';

setFlagsFromString('--expose-gc');
const sweep = runInNewContext('gc') as () => void;

test('gives the same value again, null where it is not UTF-8, and what is long each time anew', () => {
  let made = 0;
  const cache = new TextCache((text) => ({ text, made: made++ }));
  const get = (bytes: Buffer) => cache.get(Buffer.concat([Buffer.from('//'), bytes]), 2, 2 + bytes.length);
  expect([get(Buffer.from('a/é')), get(Buffer.from('a/é')), get(Buffer.from('b'))].map((one) => one?.made)).toEqual([0, 0, 1]);
  expect(get(Buffer.from([0x61, 0xff]))).toBeNull();
  const long = Buffer.from('c'.repeat(257));
  expect([get(long), get(long)].map((one) => one?.made)).toEqual([2, 3]);
});

test('what it keeps holds nothing else in memory', async () => {
  let made = 0;
  const cache = new TextCache(() => made++);
  const texts = 500;
  const get = (n: number): void => {
    const bytes = Buffer.from(`a/topic/that/never/comes/again/${n}`);
    cache.get(bytes, 0, bytes.length);
  };
  sweep();
  const before = process.memoryUsage().arrayBuffers;
  for (let n = 0; n < texts; n++) {
    get(n);
    // What else passes through the pool meanwhile.
    for (let other = 0; other < 20; other++) Buffer.from('x'.repeat(4_000));
  }
  // What was swept is given back by another thread, a moment later.
  const grown = (): number => {
    sweep();
    return process.memoryUsage().arrayBuffers - before;
  };
  await expect.poll(grown, { timeout: 30_000 }).toBeLessThan(texts * 1_024);
  get(texts - 1);
  expect(made).toBe(texts);
});
