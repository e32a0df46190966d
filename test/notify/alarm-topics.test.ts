/** Alarms on retained topics: what is open at the start, each change, what was refused once more, and what is over no longer. */
import { expect, it, onTestFinished } from 'vitest';
import type { Alarm } from '../../core/alarm.ts';
import type { LiveEvent } from '../../core/views.ts';
import { keepAlarmTopics } from '../../notify/alarm-topics.ts';
import { memoryStore } from '../../stores/memory.ts';
import { until } from '../../torture/gate.ts';
import { alarm, commit } from '../stores/rows.ts';

const town = () => {
  const store = memoryStore();
  const listeners = new Set<(event: LiveEvent) => void>();
  /** What a broker would hold, and how often it was written. */
  const held = new Map<string, string>();
  let writes = 0;
  let away = 0;
  const errors: unknown[] = [];
  const start = (): void => {
    const running = keepAlarmTopics({
      views: {
        alarms: (query) => store.alarms(query),
        onCommit(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      async publish(topic, payload) {
        if (away-- > 0) throw new Error('away');
        writes++;
        if (payload === '') held.delete(topic);
        else held.set(topic, payload);
      },
      clear: async () => held.clear(),
      bodyOf: ({ id, state, version }) => ({ id, state, version }),
      failed: (error) => errors.push(error),
      retryMs: 5,
    });
    onTestFinished(() => running.close());
  };
  const put = async (alarms: Alarm[]): Promise<void> => {
    await store.commit(commit(store.position, store.position + 1, { alarms }));
    for (const listener of listeners) listener({ position: store.position, logTime: 0, latest: [], anomalies: [], alarms });
  };
  return {
    held,
    errors,
    start,
    put,
    writes: () => writes,
    fail: (times: number) => {
      away = times;
    },
  };
};
const topicOf = (subject: string): string => `city/v1/operators/alarms/device/${subject}/jump`;
const stateOf = (text: string | undefined): unknown => JSON.parse(text ?? '{}').state;

it('begins with what is open and forgets what a broker still holds; follows each change', async () => {
  const one = town();
  one.held.set(topicOf('gone'), 'old');
  await one.put([alarm(100, 0), alarm(200, 0, { subject: 'b', state: 'normal', until: 250 })]);
  one.start();
  await until('the first', 5_000, () => one.held.has(topicOf('meter-1')));
  expect([...one.held.keys()]).toEqual([topicOf('meter-1')]);
  await one.put([alarm(100, 1, { version: 1, state: 'acknowledged' }), alarm(300, 1, { subject: 'c' })]);
  await until('the second', 5_000, () => one.held.has(topicOf('c')));
  expect(stateOf(one.held.get(topicOf('meter-1')))).toBe('acknowledged');
  // Over, and another of the same cause raised in the same commit: the newer one stands.
  await one.put([alarm(100, 2, { version: 2, state: 'normal', until: 400 }), alarm(500, 2)]);
  await until('the next', 5_000, () => JSON.parse(one.held.get(topicOf('meter-1')) ?? '{}').id === 'device/meter-1/jump/500');
  await one.put([alarm(500, 3, { version: 1, state: 'normal', until: 600 })]);
  await until('the end', 5_000, () => !one.held.has(topicOf('meter-1')));
  expect([...one.held.keys()]).toEqual([topicOf('c')]);
});

it('tries again what was refused, and lets others go first; only the newest is tried', async () => {
  const one = town();
  one.start();
  one.fail(1);
  await one.put([alarm(100, 0), alarm(100, 0, { subject: 'b' })]);
  await until('both', 5_000, () => one.held.size === 2);
  expect(one.errors).toHaveLength(1);
  expect(one.writes()).toBe(2);
});

it('keeps the alarm that is open where an older one of its cause is labelled', async () => {
  const one = town();
  one.start();
  await one.put([alarm(100, 0), alarm(100, 0, { subject: 'b' })]);
  await one.put([alarm(100, 1, { version: 1, state: 'normal', until: 200 })]);
  await one.put([alarm(300, 2)]);
  await until('the second', 5_000, () => JSON.parse(one.held.get(topicOf('meter-1')) ?? '{}').id === 'device/meter-1/jump/300');
  const label = { by: 'op', at: 400, comment: '', verdict: 'right' } as const;
  await one.put([alarm(100, 3, { version: 2, state: 'normal', until: 200, label }), alarm(100, 3, { version: 1, state: 'normal', until: 400, subject: 'b' })]);
  await until('what came with the label', 5_000, () => !one.held.has(topicOf('b')));
  expect(JSON.parse(one.held.get(topicOf('meter-1')) ?? '{}').id).toBe('device/meter-1/jump/300');
  await one.put([alarm(300, 4, { version: 1, state: 'normal', until: 500 })]);
  await until('its own end', 5_000, () => one.held.size === 0);
});
