/** The alarm stage: the alarms of a town are the same however its log is parted, whatever is told again, and whoever takes the stage over. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alarm, AlarmAction, Relayed } from '../../core/alarm.ts';
import type { Envelope, Judged } from '../../core/envelope.ts';
import type { Store } from '../../core/store.ts';
import { minuteMs } from '../../core/time.ts';
import type { Town } from '../../core/town.ts';
import { resolveTypes } from '../../devices/registry.ts';
import { memoryReader } from '../../log/memory.ts';
import { alarmsRelayed } from '../../processors/alarm-relay.ts';
import { type AlarmStage, alarmStage } from '../../processors/alarm-stage.ts';
import { floodAlarms } from '../../processors/alarms.ts';
import { pipeline } from '../../processors/pipeline.ts';
import { reopenLimits } from '../../processors/reopen.ts';
import { run } from '../../processors/run.ts';
import { memoryStore } from '../../stores/memory.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const opened = Date.parse('2026-03-02T08:00:00Z');
const person = { by: 'Camille', comment: '' };
const types = resolveTypes();

/** What one partition judges of its log, from where its store stands. */
const judgedOf = async (log: readonly Envelope[], store: Store = memoryStore()): Promise<Relayed[]> => {
  const told: Relayed[] = [];
  const reader = memoryReader(log);
  const running = await run(pipeline(types, store, reader, reopenLimits, alarmsRelayed), reader, store, undefined, async (some) => void told.push(...some));
  await running.to(log.length);
  await running.checkpoint();
  // The partition has none of its own.
  expect((await store.alarms({ open: true, limit: 9 })).rows).toEqual([]);
  return told;
};
const judgedIn = (partition: number, judgements: readonly Relayed[], at: Envelope): Envelope => ({
  ...at,
  kind: 'judged',
  subject: '',
  payload: Buffer.from(JSON.stringify({ partition, judgements } satisfies Judged)),
});

/** The logs of the partitions of one log, and at which of its offsets each envelope stood: what belongs to no device is in each. */
const parted = (log: readonly Envelope[], partitions: number, partitionOf: (subject: string) => number) =>
  Array.from({ length: partitions }, (_, partition) => {
    const own = log.filter(({ subject }) => subject === '' || partitionOf(subject) === partition);
    return { places: own.map(({ offset }) => offset), envelopes: own.map((one, offset): Envelope => ({ ...one, partition, offset })) };
  });

interface Parting {
  readonly partitions: number;
  readonly partitionOf: (subject: string) => number;
  /** Of the judgements at one place of the log: how they come, of all partitions. Default: partition by partition, each told once. */
  readonly shuffle?: (records: Envelope[], before: readonly Envelope[]) => Envelope[];
}

/** The alarm log that gates and plants would write of a log that is parted. */
const alarmLogOf = async (log: readonly Envelope[], { partitions, partitionOf, shuffle = (records) => records }: Parting): Promise<Envelope[]> => {
  const alarmLog: Envelope[] = [];
  const append = (one: Envelope, logTime: number): void => void alarmLog.push({ ...one, partition: 0, offset: alarmLog.length, logTime });
  const all = await Promise.all(
    parted(log, partitions, partitionOf).map(async ({ places, envelopes }, partition) => {
      const byPlace = Map.groupBy(await judgedOf(envelopes), ({ offset }) => places[offset]);
      return { partition, byPlace };
    }),
  );
  const judgedBefore: Envelope[] = [];
  for (const one of log) {
    if (one.kind === 'registry' || one.kind === 'command') append(one, one.logTime);
    const records = all.flatMap(({ partition, byPlace }): Envelope[] => {
      const judgements = byPlace.get(one.offset) ?? [];
      if (judgements.length === 0) return [];
      return [judgedIn(partition, judgements, one)];
    });
    for (const record of shuffle(records, judgedBefore)) append(record, one.logTime);
    judgedBefore.push(...records);
    // Time passes behind what its tick judged, as in one log.
    if (one.kind === 'tick') append(one, one.logTime);
  }
  return alarmLog;
};

interface Staged {
  readonly store: Store;
  readonly stage: AlarmStage;
}

/** Runs the stage over an alarm log. @param takeovers offsets at which it dies and another takes it over; behind every second one without a snapshot of that moment */
const staged = async (log: readonly Envelope[], takeovers: readonly number[] = []): Promise<Staged> => {
  const [store, reader] = [memoryStore(), memoryReader(log)];
  let stage = alarmStage(types, store);
  let running = await run(stage, reader, store);
  for (const [n, end] of [...takeovers].sort((a, b) => a - b).entries()) {
    await running.to(end);
    await (n % 2 === 0 ? running.checkpoint() : running.commit());
    stage = alarmStage(types, store);
    running = await run(stage, reader, store);
  }
  await running.to(log.length);
  await running.commit();
  return { store, stage };
};

const alarmsIn = async ({ store }: { readonly store: Store }): Promise<Alarm[]> => [...(await store.alarms({ limit: 1_000 })).rows];
/** Without what the order of one moment decides: which anomaly was the first, and the place in the log. */
const essence = (alarms: readonly Alarm[]) => alarms.map(({ offset, firstAnomaly, subject, reason, ...rest }) => rest);
const rowsOf = async (store: Store): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of store.dump()) if (line.includes('"table":"alarms"')) lines.push(line);
  return lines;
};

const say = (gate: Drive, n: number, temperature: number): void => gate.send(`room-${n}`, { ts: gate.now() + gate.log.length, values: { temperature } });
const act = (gate: Drive, action: AlarmAction): void => gate.append('command', { action: 'alarm', alarm: action });
const listed = async (gate: Drive, open = true): Promise<readonly Alarm[]> => {
  await gate.process();
  return (await gate.store.alarms({ open, limit: 100 })).rows;
};
const pass = (gate: Drive, minutes: number, sensors: readonly number[]): void => {
  for (let minute = 0; minute < minutes; minute++) {
    gate.tick(gate.now() + minuteMs, minuteMs / 15);
    for (const n of sensors) say(gate, n, 20);
  }
};

const rooms = 4;
const school = (extra: Partial<Town> = {}): Town =>
  townOf(
    Array.from({ length: rooms }, (_, n) => ({ id: `room-${n}`, type: 'room-sensor', site: 'school', intervalMs: minuteMs })),
    { sites: [{ id: 'school', name: 'School', owner: 'public' }], alarms: { kinds: { 'out-of-range': { deadBandPercent: 5 } } }, ...extra },
  );

/** A morning of one log: an outage of the school, limits passed and come back by degrees, answers, a known cause, a room that leaves, a guest. */
const morning = async (): Promise<Drive> => {
  const gate = await drive(school(), opened);
  const all = [0, 1, 2, 3];
  pass(gate, 5, all);
  gate.tick(gate.now() + 30 * minuteMs, 4_000);
  const [outage] = await listed(gate);
  act(gate, { do: 'acknowledge', alarm: outage?.id ?? '', ...person });
  for (const n of all) say(gate, n, 20);
  pass(gate, 4, all);
  for (const n of [0, 1]) say(gate, n, 60);
  pass(gate, 1, []);
  for (const n of [0, 1]) say(gate, n, 49); // within the band
  pass(gate, 2, []);
  const [hot] = await listed(gate);
  act(gate, { do: 'label', alarm: hot?.id ?? '', ...person, verdict: 'known' });
  say(gate, 0, 20);
  pass(gate, 8, all);
  for (const n of [0, 1]) say(gate, n, 70);
  pass(gate, 3, [2, 3]);
  act(gate, { do: 'end-exception', cause: hot?.cause ?? '', ...person });
  pass(gate, 2, [2, 3]);
  // An open town adopts it by itself: it is no device that has left.
  gate.send('guest-1', { ts: gate.now(), values: { temperature: 9_000 } });
  gate.append('registry', { action: 'apply', town: { ...school(), devices: school().devices.filter(({ id }) => id !== 'room-0') } });
  pass(gate, 10, [1, 2, 3]);
  await gate.process();
  return gate;
};

describe('the alarm stage', () => {
  it('makes of a parted log what one pipeline makes of the whole', async () => {
    const gate = await morning();
    const wanted = essence(await alarmsIn(gate));
    const causes = ['site/school/silent', 'device/room-0/out-of-range', 'device/room-1/out-of-range', 'device/guest-1/out-of-range'];
    expect(wanted.map(({ cause }) => cause)).toEqual(expect.arrayContaining(causes));
    for (const partitions of [1, 2, 4]) {
      const log = await alarmLogOf(gate.log, { partitions, partitionOf: (subject) => Number(subject.at(-1)) % partitions });
      expect(essence(await alarmsIn(await staged(log)))).toEqual(wanted);
    }
  });

  it('drops what is told again, in any order of the partitions, and is the same behind any takeover', async () => {
    const gate = await morning();
    const wanted = essence(await alarmsIn(gate));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(1), { minLength: rooms, maxLength: rooms }),
        fc.infiniteStream(fc.nat()),
        fc.array(fc.nat(), { maxLength: 6 }),
        async (places, chances, deaths) => {
          const chance = (below: number): number => (chances.next().value as number) % below;
          // A plant that comes behind another tells all from some place on again; who slept tells it at any time.
          const shuffle = (records: Envelope[], before: readonly Envelope[]): Envelope[] => {
            const turned = chance(2) === 0 ? records : records.toReversed();
            const again = before.length > 0 && chance(4) === 0 ? before.slice(chance(before.length)) : [];
            return chance(2) === 0 ? [...again, ...turned] : [...turned, ...again, ...turned];
          };
          const log = await alarmLogOf(gate.log, { partitions: 2, partitionOf: (subject) => places[Number(subject.at(-1))] as number, shuffle });
          const once = await staged(log);
          expect(essence(await alarmsIn(once))).toEqual(wanted);
          const taken = await staged(log, deaths.map((at) => at % log.length)); // biome-ignore format: one line
          expect(await rowsOf(taken.store)).toEqual(await rowsOf(once.store));
          expect(taken.stage.alarmExceptions()).toEqual(once.stage.alarmExceptions());
        },
      ),
      { numRuns: 15 },
    );
  });

  it('counts a flood once, and obeys an answer once', async () => {
    const many = floodAlarms + 2;
    const gate = await drive(townOf(Array.from({ length: many }, (_, n) => ({ id: `room-${n}`, type: 'room-sensor' }))), opened);
    gate.tick(opened + 2_000);
    for (let n = 0; n < many; n++) say(gate, n, 900);
    const [first] = await listed(gate);
    act(gate, { do: 'acknowledge', alarm: first?.id ?? '', ...person });
    const alarms = await alarmsIn(await staged(await alarmLogOf(gate.log, { partitions: 2, partitionOf: (subject) => Number(subject.at(-1)) % 2 })));
    expect(alarms).toHaveLength(many);
    expect(alarms.filter(({ flood }) => flood)).toHaveLength(2);
    expect(alarms.filter(({ acknowledged }) => acknowledged !== null)).toMatchObject([{ id: first?.id, state: 'acknowledged', version: 1 }]);
  });

  it('goes on with what partitions made by themselves before there was one', async () => {
    const made = async (own: readonly number[]): Promise<Drive> => {
      const gate = await drive(school(), opened);
      pass(gate, 3, own);
      for (const n of own) say(gate, n, 900);
      pass(gate, 1, []);
      const [hot] = await listed(gate);
      act(gate, { do: 'label', alarm: hot?.id ?? '', ...person, verdict: 'known' });
      gate.tick(gate.now() + 30 * minuteMs, 4_000);
      await gate.process();
      await gate.checkpoint();
      return gate;
    };
    const gates = [await made([0, 2]), await made([1, 3])] as const;
    const isCause = (text: string): boolean => /^(site|device)\/[^/]+\/[a-z-]+$/.test(text);
    const alarmLog: Envelope[] = [...gates[0].log.slice(0, 1)];
    for (const [partition, gate] of gates.entries()) {
      const { store, log } = gate;
      expect((await store.alarms({ open: true, limit: 9 })).rows.filter(({ cause }) => cause === 'site/school/silent')).toMatchObject([{ lasting: 2 }]);
      // A program of before had the partition in the name of every cause.
      const named: Store = Object.create(store, {
        snapshot: {
          value: async () => {
            const { offset, scopes } = await store.snapshot();
            const renamed = (_: string, value: unknown) => (typeof value === 'string' && isCause(value) && partition > 0 ? `${value}@${partition}` : value);
            const body = (text: string): string => JSON.stringify(JSON.parse(text, renamed));
            return { offset, scopes: scopes.map((one) => (one.scope === 'alarms' ? { ...one, body: body(one.body) } : one)) };
          },
        },
      });
      gate.tick(gate.now() + 4_000, 4_000);
      const told = await judgedOf(log, named);
      expect(told.filter(({ judgement }) => 'book' in judgement)).toHaveLength(1);
      const last = log.at(-1) as Envelope;
      alarmLog.push(judgedIn(partition, told, last), judgedIn(partition, told, last));
    }
    const last = alarmLog.at(-1) as Envelope;
    alarmLog.push({ ...last, kind: 'tick', logTime: last.logTime + 3 * minuteMs, payload: Buffer.from('{}') });
    const { store, stage } = await staged(alarmLog.map((one, offset) => ({ ...one, offset, partition: 0 })), [3]); // biome-ignore format: one line
    const open = (await store.alarms({ open: true, limit: 9 })).rows;
    expect(open.filter(({ kind }) => kind === 'silent')).toMatchObject([{ cause: 'site/school/silent', lasting: 4, anomalies: 4, state: 'active' }]);
    expect(stage.alarmExceptions()).toHaveLength(2);
    for (const { cause } of stage.alarmExceptions()) expect(cause).toMatch(/^device\/room-\d\/out-of-range$/);
  });

  it('is told nothing of history', async () => {
    const gate = await drive(townOf([{ id: 'room-0', type: 'room-sensor', imported: true }]), opened);
    say(gate, 0, 900);
    gate.tick(gate.now() + minuteMs);
    expect(await judgedOf(gate.log)).toEqual([]);
  });

  it('remembers what was told, until the end of an alarm was', async () => {
    const told = (state: Alarm['state'], alarm = 'a/1'): Envelope => ({
      ...({ kind: 'command', subject: '', sender: '', topic: '', qos: 1, dup: false, packetId: 0, partition: 0, logTime: opened } as const),
      offset: 0,
      payload: Buffer.from(JSON.stringify({ action: 'told', channel: 'webhook', alarm, state })),
    });
    const log = [told('active'), told('active', 'b/2'), told('acknowledged'), told('normal', 'b/2')].map((one, offset) => ({ ...one, offset }));
    expect((await staged(log, [3])).stage.told()).toEqual({ webhook: { 'a/1': 'acknowledged' } });
  });

  it('passes over what it does not understand', async () => {
    const gate = await morning();
    const log = await alarmLogOf(gate.log, { partitions: 2, partitionOf: (subject) => Number(subject.at(-1)) % 2 });
    const wanted = essence(await alarmsIn(await staged(log)));
    const odd = (['command', 'registry', 'message', 'import'] as const).flatMap((kind) =>
      ['no json', '{}', '{"action":"apply","town":1}', '{"action":"adopt","device":{"id":"#"}}', '{"action":"alarm","alarm":{}}'].map(
        (text): Envelope => ({ ...(log[0] as Envelope), kind, payload: Buffer.from(text) }),
      ),
    );
    const mixed = [...log.slice(0, 50), ...odd, ...log.slice(50)].map((one, offset) => ({ ...one, offset }));
    expect(essence(await alarmsIn(await staged(mixed)))).toEqual(wanted);
  });
});
