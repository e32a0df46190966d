/** An envelope that reads the past finds in the store all that came before it, however the log was cut into commits. */
import { expect, test } from 'vitest';
import type { Pane } from '../../core/pane.ts';
import { drive, townOf } from '../drive.ts';

const now = Date.parse('2026-04-07T10:00:00Z');
const minuteMs = 60_000;

/** A gauge whose clock is ahead; its window is closed and revised, then a tick finds that the gate was closed meanwhile. */
const panes = async (commitsEachStep: boolean): Promise<unknown[]> => {
  const gate = await drive(townOf([{ id: 'p', type: 'car-park', intervalMs: 10_000 }]), now);
  const settle = async (): Promise<void> => {
    if (commitsEachStep) await gate.process();
  };
  const say = (at: number, free: number): void => gate.send('p', { ts: at, values: { free_places: free } });
  say(now + 4 * minuteMs + 1_000, 5);
  say(now + 4 * minuteMs + 11_000, 7);
  say(now + 5 * minuteMs + 1_000, 9); // closes the minute before
  await settle();
  gate.at(now + 4 * minuteMs);
  gate.append('tick', { wall: gate.now(), qos0Dropped: 0, held: 0, connections: 0, diskFreeBytes: -1 }); // finds the gate closed
  await settle();
  gate.tick(now + 8 * minuteMs, 5_000); // closes the window of the last reading
  await gate.process();
  const found = await gate.panes('p', 'free_places', 'PT1M');
  const versions = await Promise.all(found.map(({ start }) => gate.store.paneVersions({ subject: 'p', quantity: 'free_places' }, 'PT1M', start)));
  return versions.flat().map(({ start, version, revision, count, observedMs }: Pane) => [start - now, version, revision, count, observedMs]);
};

test('a tick that finds the gate was closed revises what is committed', async () => {
  const expected = await panes(true);
  expect(expected.length).toBe(3);
  expect(await panes(false)).toEqual(expected);
});
