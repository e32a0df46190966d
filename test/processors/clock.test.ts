/** The gate's clock is set, or the gate was closed for a night: the alarm comes, no good reading is refused, and a whole town does not fall silent. */
import { expect, test } from 'vitest';
import { pacedClock } from '../../cli/paced-clock.ts';
import { hourMs, minuteMs } from '../../core/time.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const start = Date.parse('2026-04-07T10:00:00Z');
const seconds = 1_000;
const ids = Array.from({ length: 12 }, (_, n) => `room-${n}`);
const town = townOf([...ids, 'lost'].map((id) => ({ id, type: 'room-sensor', intervalMs: minuteMs })));

/** A gate in true time: its wall clock can be set, its devices' are right. */
const living = async () => {
  const gate = await drive(town, start);
  let at = start;
  let setBy = 0;
  let openedAt = start;
  let sent = 0;
  const clockOf = (): (() => number) =>
    pacedClock(
      () => at + setBy,
      () => at - start,
    );
  let clock = clockOf();
  const say = (id: string, stamp = at): void => {
    sent++;
    gate.send(id, { ts: stamp, values: { temperature: 20 + (sent % 50) / 10 } });
  };
  return {
    gate,
    say,
    sent: () => sent,
    set: (ms: number) => {
      setBy += ms;
    },
    /** The gate ticks each second, the devices report each minute. */
    live(ms: number) {
      for (const until = at + ms; at < until; ) {
        at += seconds;
        gate.at(clock());
        gate.append('tick', { wall: at + setBy, up: at - openedAt, qos0Dropped: 0, held: 0, connections: 0, diskFreeBytes: -1 });
        if ((at - start) % minuteMs === 0) for (const id of ids) say(id);
      }
    },
    /** Nobody ticks; the devices keep what they measure and send it when the gate is open again. */
    close(ms: number) {
      const from = at;
      at += ms;
      openedAt = at;
      clock = clockOf();
      gate.at(clock());
      gate.append('tick', { wall: at + setBy, up: 0, qos0Dropped: 0, held: 0, connections: 0, diskFreeBytes: -1 });
      for (const id of ids) for (let stamp = from + minuteMs; stamp < at; stamp += 10 * minuteMs) say(id, stamp);
    },
  };
};

const kinds = async (gate: Drive): Promise<string[]> => {
  const { rows } = await gate.store.anomalies({ limit: 1_000 });
  return rows
    .filter(({ kind }) => kind === 'silent' || kind === 'clock-step')
    .map(({ kind, subject, observed }) => `${kind} ${subject} ${observed ?? ''}`.trim());
};

const expectAllStored = async (gate: Drive, sent: number): Promise<void> => {
  const { accepted, stored, deadLetter, duplicate, corrected } = gate.ledger().readings;
  expect({ accepted, stored, deadLetter, duplicate, corrected }).toEqual({ accepted: sent, stored: sent, deadLetter: 0, duplicate: 0, corrected: 0 });
};

test.each([
  ['an hour forwards', hourMs],
  ['an hour back', -hourMs],
  ['a day forwards', 24 * hourMs],
  ['a day back', -24 * hourMs],
])('the clock is set %s, and right again after 40 minutes', async (_, step) => {
  const { gate, live, set, sent } = await living();
  live(20 * minuteMs);
  set(step);
  live(40 * minuteMs + seconds); // what came behind is taken up at the next tick
  await gate.process();
  await expectAllStored(gate, sent());
  set(-step);
  live(40 * minuteMs);
  await gate.process();
  await expectAllStored(gate, sent());
  expect((await kinds(gate)).sort()).toEqual([`clock-step octroi ${-step / 1000}`, `clock-step octroi ${step / 1000}`].sort());
  const { rows } = await gate.store.readings({ subject: 'room-3', quantity: 'temperature', from: 0, to: Number.MAX_SAFE_INTEGER, limit: 1_000 });
  expect(rows.map(({ at }) => at)).toEqual(Array.from({ length: 100 }, (__, n) => start + (n + 1) * minuteMs));
});

test('a step of half a minute is none; drift is none', async () => {
  const { gate, live, set } = await living();
  live(2 * minuteMs);
  set(30 * seconds);
  live(2 * minuteMs);
  for (let n = 0; n < 100; n++) {
    set(-900);
    live(1 * seconds);
  }
  await gate.process();
  expect(await kinds(gate)).toEqual([]);
});

test('ten hours closed: no alarm of the clock, nobody silent, what was kept is taken', async () => {
  const { gate, live, close, sent } = await living();
  live(20 * minuteMs);
  close(10 * hourMs);
  live(20 * minuteMs);
  await gate.process();
  await expectAllStored(gate, sent());
  expect(await kinds(gate)).toEqual([]);
});

test('who is really silent is found, whatever the clock does', async () => {
  const { gate, live, set, say } = await living();
  live(10 * minuteMs);
  say('lost');
  live(10 * minuteMs);
  set(-24 * hourMs);
  live(3 * hourMs);
  await gate.process();
  expect((await kinds(gate)).sort()).toEqual(['clock-step octroi -86400', 'silent lost']);
});

test('many gates: each is held to its own clock and counts its own losses; log time never goes back', async () => {
  const many = await drive(town, start);
  let at = start;
  const tick = (gate: string, behindMs: number, up: number, qos0Dropped: number): void =>
    many.append('tick', { gate, wall: at - behindMs, up, qos0Dropped, held: 0, connections: 0, diskFreeBytes: -1 });
  for (let n = 0; n < 60; n++) {
    at += seconds;
    many.at(at);
    tick('a', 0, n * seconds, n);
    tick('b', 30 * minuteMs, n * seconds, 2 * n);
    if (n === 30) many.send('room-1', { values: { temperature: 20 } }, { logTime: at - 400 }); // the broker's clock was set
  }
  tick('a', 0, 0, 5); // opened again, under the same name: never below what it was
  await many.process();
  expect(await kinds(many)).toEqual([]);
  expect(many.ledger().qos0Dropped).toBe(59 + 2 * 59 + (5 - 59));
  expect(many.store.logTime).toBe(at);
  expect(many.store.latest(['room-1'])[0]?.at).toBe(start + 31 * seconds);
  await many.checkpoint();
  await many.crash();
  tick('b', 0, 60 * seconds, 118); // its clock was put right
  await many.process();
  expect(await kinds(many)).toEqual(['clock-step octroi 1799']);
  at += 8 * 24 * hourMs;
  many.at(at);
  tick('c', 0, 0, 0); // the others are gone for good; what they lost stays counted
  await many.process();
  await many.checkpoint();
  expect(many.ledger().qos0Dropped).toBe(59 + 2 * 59 + (5 - 59));
  const whole = (await many.store.snapshot()).scopes.find(({ scope }) => scope === 'pipeline');
  expect(Object.keys(JSON.parse(whole?.body ?? '{}').gates)).toEqual(['', 'c']); // the first tick of all gave no name
});
