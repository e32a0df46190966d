/** What detectors have learnt of hours is written when they have seen one more, and comes back beside the rest. */
import { expect, test } from 'vitest';
import type { Commit, Store } from '../../core/store.ts';
import { unpacked } from '../../processors/learn/memory.ts';
import { memoryStore } from '../../stores/memory.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const start = Date.parse('2026-03-02T08:00:00Z');
const minuteMs = 60_000;

/** @returns a store, and the scopes of the room that its last snapshot wrote */
const watched = (): { store: Store; written: () => string[] } => {
  let last: Commit['snapshot'] = null;
  const store = new Proxy(memoryStore(), {
    get: (target, name) =>
      name === 'commit'
        ? (commit: Commit) => {
            last = commit.snapshot ?? last;
            return target.commit(commit);
          }
        : Reflect.get(target, name, target),
  });
  return { store, written: () => (last?.scopes ?? []).map(({ scope }) => scope).filter((scope) => scope.endsWith('/room')) };
};

test('what a detector learns of a reading is written too, though no hour has ended', async () => {
  const { store, written } = watched();
  const town = townOf([{ id: 'room', type: 'street-lighting', site: 'street' }], {
    sites: [{ id: 'street', name: 'Street', owner: 'public', at: [2.27, 48.82] }],
  });
  const gate = await drive(town, start, store);
  for (const minute of [0, 1, 2]) {
    const at = Date.parse('2026-03-02T23:10:00Z') + minute * minuteMs;
    gate.at(at);
    gate.send('room', { ts: at, values: { lighting: 'on' } });
    await gate.process();
    await gate.checkpoint();
    expect(written()).toEqual(['subject/room', 'learnt/room']);
  }
  const before = gate.pipeline.snapshot(true);
  await gate.crash();
  expect(gate.pipeline.snapshot(true)).toEqual(before);
});

test('a snapshot holds it only where an hour was judged since the one before; a crash forgets none of it', async () => {
  const { store, written } = watched();
  const gate = await drive(townOf([{ id: 'room', type: 'room-sensor' }]), start, store);
  const send = (minute: number): void => {
    const at = start + minute * minuteMs;
    gate.at(at);
    gate.send('room', { ts: at, values: { temperature: 20 + (minute % 7) / 10 } });
  };
  const checkpointAt = async (minute: number): Promise<string[]> => {
    send(minute);
    await gate.process();
    await gate.checkpoint();
    return written();
  };
  for (let minute = 0; minute <= 26 * 60; minute += 10) send(minute);
  expect(await checkpointAt(26 * 60 + 1)).toEqual(['subject/room', 'learnt/room']);
  expect(await checkpointAt(26 * 60 + 2)).toEqual(['subject/room']);
  for (let minute = 26 * 60 + 10; minute <= 28 * 60; minute += 10) send(minute);
  expect(await checkpointAt(28 * 60 + 1)).toEqual(['subject/room', 'learnt/room']);
  expect(await checkpointAt(28 * 60 + 2)).toEqual(['subject/room']);

  const before = gate.pipeline.snapshot(true);
  const learnt = before.find(({ scope }) => scope === 'learnt/room')?.body ?? '';
  expect(unpacked(learnt)).toContain('f32:');
  expect(learnt.length).toBeLessThan(unpacked(learnt).length / 4);
  await gate.crash();
  expect(gate.pipeline.snapshot(true)).toEqual(before);
  // What came back is not written again as it is.
  expect(await checkpointAt(28 * 60 + 3)).toEqual(['subject/room']);
});

/** A room that has been seen for a day. */
const learntOfADay = async (): Promise<Drive> => {
  const gate = await drive(townOf([{ id: 'room', type: 'room-sensor' }]), start);
  for (let minute = 0; minute <= 26 * 60; minute += 10) {
    const at = start + minute * minuteMs;
    gate.at(at);
    gate.send('room', { ts: at, values: { temperature: 20 + (minute % 7) / 10 } });
  }
  await gate.process();
  return gate;
};

test('blocks that a program of before wrote into the scope of the subject are later than those beside it', async () => {
  const gate = await learntOfADay();
  const scopes = gate.pipeline.snapshot(true);
  const learnt = JSON.parse(unpacked(scopes.find(({ scope }) => scope === 'learnt/room')?.body ?? '{}'));
  const older = scopes.map(({ scope, body }) => {
    if (scope === 'learnt/room') return { scope, body: unpacked(body).replaceAll(/f32:\w{8}/g, 'f32:AAAAAAAA') };
    if (scope !== 'subject/room') return { scope, body };
    const { keys, ...rest } = JSON.parse(body) as { keys: [string, object][] };
    return { scope, body: JSON.stringify({ ...rest, keys: keys.map(([name, key]) => [name, { ...key, floats: learnt[name] }]) }) };
  });
  gate.pipeline.restore(older);
  expect(gate.pipeline.snapshot(true)).toEqual(scopes);
});

test('blocks that a program of before wrote beside the scope of the subject, not packed, come back', async () => {
  const gate = await learntOfADay();
  const scopes = gate.pipeline.snapshot(true);
  const older = scopes.map(({ scope, body }) => ({ scope, body: unpacked(body) }));
  expect(older).not.toEqual(scopes);
  gate.pipeline.restore(older);
  expect(gate.pipeline.snapshot(true)).toEqual(scopes);
});
