/** Snapshots of keys with hours that no detector has seen yet, and without: a program of before fails on an empty list. */
import { expect, test } from 'vitest';
import { drive, townOf } from '../drive.ts';

const now = Date.parse('2026-03-02T08:00:00Z');

test('hours are in a snapshot where there are any, and left out where there are none', async () => {
  const gate = await drive(townOf([]), now);
  const bodyAt = async (minutes: number): Promise<string> => {
    gate.send('room', { ts: now + minutes * 60_000, values: { temperature: 20 } }, { logTime: now + minutes * 60_000 });
    await gate.process();
    return gate.pipeline.snapshot(true).find(({ scope }) => scope === 'subject/room')?.body ?? '';
  };
  expect(await bodyAt(1)).not.toContain('"hours"');
  expect(await bodyAt(61)).toContain('"hours":[{');
});
