/** Worked case: what was judged stays as it was judged; an anomaly whose readings a revision changed is marked, once a revision. */
import { expect, test } from 'vitest';
import type { Anomaly } from '../../core/reading.ts';
import type { Store } from '../../core/store.ts';
import { dayMs, minuteMs } from '../../core/time.ts';
import { memoryStore } from '../../stores/memory.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const start = Date.parse('2026-04-07T08:00:00Z');
const town = townOf([
  { id: 'room', type: 'room-sensor', intervalMs: minuteMs },
  { id: 'calm', type: 'room-sensor', intervalMs: minuteMs },
]);

/** Counts what is asked of the past judgements. */
const counted = (): { store: Store; asked: () => number } => {
  const store = memoryStore();
  let asked = 0;
  const judged: Store['judged'] = (...question) => {
    asked++;
    return store.judged(...question);
  };
  return { store: Object.create(store, { judged: { value: judged } }) as Store, asked: () => asked };
};

const rowsOf = async (store: Store): Promise<Anomaly[]> => {
  const rows: Anomaly[] = [];
  for await (const line of store.dump()) if (line.includes('"table":"anomalies"')) rows.push(JSON.parse(line));
  return rows;
};
const short = ({ since, until, version, basisRevised }: Anomaly) => [(since - start) / minuteMs, until === null ? null : (until - start) / minuteMs, version, basisRevised]; // biome-ignore format: one line

const at = (minute: number): number => start + minute * minuteMs;
const say = (gate: Drive, subject: string, minute: number, temperature: number): void => gate.send(subject, { ts: at(minute), values: { temperature } });

/** Ten minutes of both rooms; the one reads 500 °C in minutes 4 and 5. */
const begun = async (store?: Store): Promise<Drive> => {
  const gate = await drive(town, start, store);
  for (let m = 0; m < 10; m++) {
    gate.at(at(m));
    say(gate, 'room', m, m === 4 || m === 5 ? 500 : 20 + m / 10);
    say(gate, 'calm', m, 19 + m / 10);
  }
  gate.tick(at(10));
  await gate.process();
  return gate;
};

test('corrected three days later, an anomaly has one more version: marked, its reason and figures as they were', async () => {
  const { store, asked } = counted();
  const gate = await begun(store);
  const [before] = (await store.anomalies({ limit: 9, open: false })).rows;
  expect(before).toMatchObject({ kind: 'out-of-range', version: 1, observed: 500 });
  expect(asked()).toBe(0);

  gate.tick(at(3 * 1440), dayMs);
  say(gate, 'room', 5, 20.5);
  gate.tick(gate.now() + 1000);
  const revision = gate.log.length - 1;
  await gate.process();
  const [after] = (await store.anomalies({ limit: 9, subject: 'room' })).rows.filter(({ kind }) => kind === 'out-of-range');
  expect(after).toEqual({ ...before, version: 2, offset: revision, basisRevised: revision });

  // Nothing changes at the next tick, nor by a repetition, nor by what lies outside the span; another correction is another revision.
  gate.tick(gate.now() + 1000);
  say(gate, 'room', 5, 20.5);
  say(gate, 'room', 8, 20.9);
  gate.tick(gate.now() + 1000);
  await gate.process();
  expect((await rowsOf(store)).filter(({ kind }) => kind === 'out-of-range').map(short)).toEqual([
    [4, null, 0, undefined],
    [4, 6, 1, undefined],
    [4, 6, 2, revision],
  ]);
  say(gate, 'room', 4, 20.4);
  gate.tick(gate.now() + 1000);
  await gate.process();
  const again = (await rowsOf(store)).filter(({ kind }) => kind === 'out-of-range').at(-1);
  expect(again).toMatchObject({ version: 3, basisRevised: gate.log.length - 1, reason: before?.reason, observed: 500 });

  // A replay of the same log gives the same rows in the same order.
  const replayed = await drive(town, start);
  replayed.log.splice(0, replayed.log.length, ...gate.log);
  await replayed.process();
  expect(await rowsOf(replayed.store)).toEqual(await rowsOf(store));
});

test('of three anomalies, the first and the last of which are corrected at once, the one between stays as it is', async () => {
  const gate = await drive(town, start);
  gate.at(at(40));
  for (let m = 0; m < 40; m++) say(gate, 'room', m, m % 10 === 5 && m < 30 ? 500 : 20);
  await gate.process();
  say(gate, 'room', 5, 21);
  say(gate, 'room', 25, 21);
  gate.tick(gate.now() + 1000);
  await gate.process();
  const latest = (await gate.store.anomalies({ limit: 9, subject: 'room', open: false })).rows.filter(({ kind }) => kind === 'out-of-range');
  const revision = gate.log.length - 1;
  expect(latest.map(short)).toEqual([
    [25, 26, 2, revision],
    [15, 16, 1, undefined],
    [5, 6, 2, revision],
  ]);
});

test('the past judgements of a key that had none are not asked for', async () => {
  const { store, asked } = counted();
  const gate = await begun(store);
  say(gate, 'calm', 5, 19.9);
  gate.tick(gate.now() + 1000);
  await gate.process();
  expect(gate.ledger().readings.corrected).toBe(1);
  expect(asked()).toBe(0);
  say(gate, 'room', 1, 19.9);
  gate.tick(gate.now() + 1000);
  await gate.process();
  // Minute 1 lies before the anomaly began.
  expect(asked()).toBe(0);
  say(gate, 'room', 5, 20.5);
  gate.tick(gate.now() + 1000);
  await gate.process();
  expect(asked()).toBe(1);
});

test('one that lasts keeps its mark when it ends; a crash between changes nothing', async () => {
  const rows = await Promise.all(
    [false, true].map(async (crashes) => {
      const gate = await drive(town, start);
      const next = async (m: number, temperature: number): Promise<void> => {
        gate.at(at(m));
        say(gate, 'room', m, temperature);
        gate.tick(at(m) + 1000);
        await gate.process();
      };
      for (const m of [0, 1, 2]) await next(m, 20 + m);
      await next(3, 500);
      await gate.checkpoint();
      await next(5, 501);
      gate.send('room', { ts: at(4), values: { temperature: 499 } });
      gate.tick(at(5) + 3000);
      if (crashes) await gate.crash();
      await gate.process();
      if (crashes) await gate.crash();
      await next(6, 22);
      return rowsOf(gate.store);
    }),
  );
  expect(rows[0]).toEqual(rows[1]);
  const revision = rows[0]?.[1]?.basisRevised ?? 0;
  expect(revision).toBeGreaterThan(0);
  expect(rows[0]?.map(short)).toEqual([
    [3, null, 0, undefined],
    [3, null, 1, revision],
    [3, 6, 2, revision],
  ]);
});

test('a device that was silent is marked by any of its quantities; once a revision', async () => {
  const gate = await drive(townOf([{ id: 'room', type: 'room-sensor', intervalMs: minuteMs }]), start);
  const say = (m: number, more: number): void => gate.send('room', { ts: at(m), values: { temperature: 20 + more, humidity: 40 + more } });
  for (let m = 0; m < 3; m++) {
    gate.at(at(m));
    say(m, m);
  }
  gate.tick(at(60));
  say(60, 0);
  gate.tick(at(61));
  await gate.process();
  const silence = async () => (await rowsOf(gate.store)).filter(({ kind }) => kind === 'silent');
  expect((await silence()).map(({ version }) => version)).toEqual([0, 1]);
  say(30, 5);
  gate.tick(gate.now() + 1000);
  await gate.process();
  expect((await silence()).map(({ version, basisRevised }) => [version, basisRevised])).toEqual([
    [0, undefined],
    [1, undefined],
    [2, gate.log.length - 1],
  ]);
});

test('a snapshot of before, which does not say where anomalies lie: it is learnt once, from the store', async () => {
  const { store: counting, asked } = counted();
  const asBefore = (body: string): string => JSON.stringify(JSON.parse(body, (name, value) => (name === 'judged' || name === 'silences' ? undefined : value)));
  const snapshot: Store['snapshot'] = async () => {
    const { offset, scopes } = await counting.snapshot();
    return { offset, scopes: scopes.map(({ scope, body }) => ({ scope, body: scope.startsWith('learnt/') ? body : asBefore(body) })) };
  };
  const store = Object.create(counting, { snapshot: { value: snapshot } }) as Store;
  const gate = await begun(store);
  await gate.checkpoint();
  await gate.crash();
  say(gate, 'room', 5, 20.5);
  gate.tick(gate.now() + 1000);
  await gate.process();
  const marked = async () => (await rowsOf(store)).filter(({ basisRevised }) => basisRevised !== undefined);
  expect((await marked()).map(short)).toEqual([[4, 6, 2, gate.log.length - 1]]);
  // Once to learn, once to mark; the calm room is asked for once, and never again.
  expect(asked()).toBe(2);
  for (const temperature of [1, 2]) {
    say(gate, 'calm', 5, temperature);
    gate.tick(gate.now() + 1000);
    await gate.process();
  }
  expect(asked()).toBe(3);
  expect(await marked()).toHaveLength(1);
});

test('more anomalies than a tick looks at are marked by the ticks that follow', async () => {
  const gate = await drive(town, start);
  // Every other second is out of range: 1,500 anomalies within fifty minutes.
  const messages = Array.from({ length: 3_000 }, (_, s) => ({ ts: start + s * 1000, values: { temperature: s % 2 === 0 ? 500 : 20 } }));
  gate.at(at(50));
  gate.send('room', messages);
  await gate.process();
  gate.send('room', messages.map(({ ts, values }) => ({ ts, values: { temperature: values.temperature + 1 } }))); // biome-ignore format: one line
  gate.tick(gate.now() + 1000);
  const revision = gate.log.length - 1;
  await gate.process();
  const marked = async () => (await rowsOf(gate.store)).filter(({ basisRevised }) => basisRevised === revision);
  expect(await marked()).toHaveLength(1_000);
  await gate.checkpoint();
  await gate.crash();
  gate.tick(gate.now() + 2000);
  await gate.process();
  const all = await marked();
  expect(all).toHaveLength(1_500);
  expect(new Set(all.map(({ id }) => id)).size).toBe(1_500);
});
