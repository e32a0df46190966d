/** An envelope that reads the past finds in the store all that came before it, however the log was cut into commits. */
import { expect, test } from 'vitest';
import type { Pane } from '../../core/pane.ts';
import { minuteMs } from '../../core/time.ts';
import { drive, townOf } from '../drive.ts';

const now = Date.parse('2026-04-07T10:00:00Z');

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

test('what a closure touches survives a crash between the message that shows it and the next tick', async () => {
  const observed = async (crashes: boolean): Promise<number[]> => {
    const types = { p: 'car-park', q: 'room-sensor' };
    const gate = await drive(townOf(Object.entries(types).map(([id, type]) => ({ id, type, intervalMs: 100_000 }))), now);
    gate.send('p', { ts: now + 2 * minuteMs, values: { free_places: 5 } });
    gate.send('p', { ts: now + 6 * minuteMs, values: { free_places: 7 } });
    await gate.process();
    await gate.checkpoint();
    gate.at(now + 4 * minuteMs);
    gate.send('q', { ts: now, values: { temperature: 20 } });
    await gate.process();
    await gate.checkpoint();
    if (crashes) await gate.crash();
    gate.tick(now + 30 * minuteMs, 5_000);
    await gate.process();
    return (await gate.panes('p', 'free_places', 'PT15M')).map(({ observedMs }) => observedMs);
  };
  const expected = await observed(false);
  expect(expected.length).toBeGreaterThan(0);
  expect(await observed(true)).toEqual(expected);
});
