/** kill -9 of gates, plants, Kafka and InfluxDB in turn, at random moments, while devices publish through two gates, some through both. */
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { openReader } from '../../cli/parts/log.ts';
import { openPlant, pipelineOf } from '../../cli/plant/parts.ts';
import { verifications } from '../../cli/plant/verifications.ts';
import { type Config, resolveConfig } from '../../config.ts';
import type { Scope } from '../../core/scope.ts';
import type { Store } from '../../core/store.ts';
import { dayMs, minuteMs } from '../../core/time.ts';
import { partitionOf } from '../../log/kafka/partitions.ts';
import { run as runOver } from '../../processors/run.ts';
import { views } from '../../processors/views.ts';
import { memoryStore } from '../../stores/memory.ts';
import { freePort } from '../free-port.ts';
import { Gate, until } from '../gate.ts';
import { type Load, type Promised, promisedOf, startLoad, untilAcknowledged } from '../load.ts';
import { type Judged, judgeShown } from '../oracle.ts';
import { startProxy } from '../rigs/http-proxy.ts';
import { influxEnvironment, kafkaEnvironment, openInfluxd, openKafka, type Positions, storedPositions } from '../rigs/town-of-many.ts';
import { RoleProcess } from '../role.ts';
import type { Asked, Found, Row } from '../row.ts';

const partitions = 4;
/** Devices that publish through one gate, of each gate, and those that say the same through both. */
const ownDevices = 12;
const sharedDevices = 2;
/** Of each gate. What is said through both is slow: a repetition behind eight others costs the store a question. */
const ownPerSecond = 60;
const sharedPerSecond = 1;
/** Between two kills something is acknowledged by either gate, and then this passes at the most, ms. */
const pauseMsMax = 1_000;
/** A server that was killed stays away for so long at the most, ms. */
const awayMsMax = 1_500;
const takeoverMsMax = 15_000;
/** A machine that does much else is given so long, ms. */
const patienceMs = 180_000;
const lookMs = 250;
/** Known-bad: InfluxDB says yes to so many of the writes of readings, and has none of them. */
const lostShare = 0.1;

const victims = ['gate', 'plant', 'kafka', 'influxdb'] as const;
type Victim = (typeof victims)[number];

/** All victims in turn, each time in another order. */
function* turns(chance: () => number): Generator<Victim> {
  for (;;) {
    const left = [...victims];
    while (left.length > 0) yield left.splice(Math.floor(chance() * left.length), 1)[0] as Victim;
  }
}

interface Town {
  readonly config: Config;
  readonly gates: readonly Gate[];
  readonly plants: readonly RoleProcess[];
  readonly positions: Positions;
  readonly kafka: Awaited<ReturnType<typeof openKafka>>;
  readonly influxd: Awaited<ReturnType<typeof openInfluxd>>;
}

const openTown = async ({ scope, folder, bad, chance }: Asked): Promise<Town> => {
  const [kafka, influxd] = await Promise.all([openKafka(scope), openInfluxd(scope)]);
  const stored = await influxEnvironment(influxd);
  const env = {
    ...(await kafkaEnvironment(kafka, 'town', partitions)),
    ...stored,
    OCTROI_COMMIT_MS: '500',
    OCTROI_SNAPSHOT_MS: '5000',
    OCTROI_LOG_LEVEL: 'info',
  };
  const { config } = resolveConfig({ role: 'plant', data: folder('judge') }, env);
  const plantEnv = bad ? { ...env, OCTROI_INFLUX_URL: await lyingInfluxd(scope, influxd.url, config.influxRawBucket, chance) } : env;
  const gates: Gate[] = [];
  for (const name of ['gate-1', 'gate-2']) {
    const gate = Gate.in(scope, { data: folder(name), mqttPort: await freePort(), env: { ...env, OCTROI_ROLE: 'gate' } });
    await gate.start();
    gates.push(gate);
  }
  const plants = ['plant-1', 'plant-2'].map((name) => RoleProcess.in(scope, { role: 'plant', data: folder(name), env: plantEnv }));
  await Promise.all(plants.map((plant) => plant.start()));
  const positions = storedPositions(config);
  scope.add(() => positions.close());
  return { config, gates, plants, positions, kafka, influxd };
};

/** @returns where it can be reached */
const lyingInfluxd = async (scope: Scope, url: string, raw: string, chance: () => number): Promise<string> => {
  const proxy = await startProxy(url);
  scope.add(() => proxy.close());
  proxy.decide = ({ path, bucket }) => (path === '/api/v2/write' && bucket === raw && chance() < lostShare ? { status: 204, body: '' } : 'pass');
  return proxy.url;
};

/** An error with the last words of the plants. */
const withWords = (error: Error, { plants }: Town): Error =>
  new Error([`${error.message}; the plants said:`, ...plants.map(({ log }) => log.slice(-2_000))].join('\n'));

/** @throws Error where a plant has ended by itself */
const requireRunning = ({ plants }: Town): void => {
  for (const { exited, log } of plants) if (exited !== null) throw new Error(`a plant ended with ${exited}: ${log.slice(-2_000)}`);
};

/** Waits until the store has gone beyond where it stood, in these partitions. @returns ms */
const untilBeyond = async (town: Town, stood: readonly number[], which: readonly number[], what: string): Promise<number> => {
  const from = performance.now();
  await until(what, patienceMs, async () => {
    await delay(lookMs);
    requireRunning(town);
    const now = await town.positions.read().catch(() => null);
    return now !== null && which.every((partition) => (now[partition] as number) > (stood[partition] as number));
  }).catch((error: Error) => {
    throw withWords(error, town);
  });
  return performance.now() - from;
};

const all = Array.from({ length: partitions }, (_, partition) => partition);

/** Every partition moves, and both plants have some. */
const untilShared = async (town: Town): Promise<number[]> => {
  await until('the plants share the partitions', patienceMs, () => town.plants.every(({ partitions: own }) => own.length > 0));
  const stood = await until('InfluxDB answers', patienceMs, () => town.positions.read().catch(() => null));
  await untilBeyond(town, stood, all, 'every partition moves');
  return town.positions.read();
};

/** How long after the kill of a plant its partitions were another's, were opened by it, and moved again, ms. */
interface Takeover {
  /** The plant was started again at once: then the partitions are shared twice, when it is gone and when it is back. */
  readonly restarted: boolean;
  readonly assigned: number;
  readonly followed: number;
  readonly moved: number;
}

/** When each of the partitions first was in a line of the plants' logs after that time, and the last of these times, ms after it. */
const lastOfFirst = (
  { plants }: Town,
  from: number,
  which: readonly number[],
  isOf: (line: RoleProcess['lines'][number], partition: number) => boolean,
): number => {
  const lines = plants.flatMap((plant) => plant.lines).filter(({ time }) => time > from);
  const first = which.map((partition) => Math.min(...lines.filter((line) => isOf(line, partition)).map(({ time }) => time)));
  return Math.max(...first) - from;
};

/** Kills a plant, and waits until its partitions move again. */
const killPlant = async (town: Town, chance: () => number): Promise<Takeover> => {
  const place = chance() < 0.5 ? 0 : 1;
  const atOnce = chance() < 0.5;
  await untilShared(town);
  const plant = town.plants[place] as RoleProcess;
  const own = plant.partitions;
  const from = performance.now();
  const killedAt = Date.now();
  await plant.kill();
  // What was on its way at the last moment may still be written.
  await delay(lookMs);
  const stood = await town.positions.read();
  const again = atOnce ? plant.start() : null;
  again?.catch(() => {}); // awaited below
  await untilBeyond(town, stood, own, `the partitions ${own} of a killed plant move again`);
  const moved = Math.round(performance.now() - from);
  const assigned = lastOfFirst(town, killedAt, own, ({ partitions: given = [] }, partition) => given.includes(partition));
  const followed = lastOfFirst(town, killedAt, own, (line, partition) => line.partition === partition && line.msg === 'a partition is followed');
  await (again ?? plant.start());
  return { restarted: atOnce, assigned, followed, moved };
};

const awayAndBack = async (server: { kill(): Promise<void>; start(): Promise<void> }, chance: () => number): Promise<void> => {
  await server.kill();
  await delay(chance() * awayMsMax);
  await server.start();
};

/** What both loads were promised, by device: they say the same. */
const together = (promised: readonly Promised[]): Promised[] => {
  const bySubject = new Map<string, Promised>();
  for (const one of promised) {
    const known = bySubject.get(one.subject);
    if (known === undefined) bySubject.set(one.subject, one);
    else bySubject.set(one.subject, { ...known, sent: Math.max(known.sent, one.sent), told: [...new Set([...known.told, ...one.told])] });
  }
  return [...bySubject.values()];
};

const dumped = async (store: Store): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of store.dump()) lines.push(line);
  return lines;
};

/** The first line in which a store differs from one run of the pipeline over the log; null where there is none. */
const differenceFromOneRun = async (config: Config, partition: number, store: Store): Promise<string | null> => {
  const reader = openReader(config, partition);
  try {
    const reference = memoryStore();
    const anew = await runOver(pipelineOf(config, reference, reader), reader, reference);
    await anew.to(store.position);
    await anew.commit();
    const [found, wanted] = [await dumped(store), await dumped(reference)];
    const place = wanted.findIndex((line, i) => line !== found[i]);
    if (place < 0 && found.length === wanted.length) return null;
    return `${found[place < 0 ? wanted.length : place] ?? 'nothing'}, one run over the log: ${wanted[place] ?? 'nothing'}`;
  } finally {
    await reader.close();
  }
};

const judgePartition = async (config: Config, partition: number, promised: readonly Promised[]): Promise<Judged> => {
  const plant = await openPlant(config, undefined, partition);
  try {
    const { position } = plant.store;
    await plant.run.to(position);
    const shown = { ...views(plant.pipeline, plant.store, () => position, config.monthClosesAfterDays), ...verifications(plant) };
    const judged = await judgeShown(shown, { promised });
    const differs = await differenceFromOneRun(config, partition, plant.store);
    const faults = differs === null ? judged.faults : [...judged.faults, `the store says ${differs}`];
    return { ...judged, faults: faults.map((fault) => `partition ${partition}: ${fault}`) };
  } finally {
    await plant.close();
  }
};

/** Waits until all that the log holds is stored. @returns ms */
const untilStored = async (town: Town): Promise<number> => {
  const { config, positions } = town;
  const from = performance.now();
  for (const partition of all) {
    const reader = openReader(config, partition);
    const end = await reader.end();
    await reader.close();
    await until(`partition ${partition} is stored up to ${end}`, patienceMs, async () => {
      await delay(lookMs);
      return ((await positions.read())[partition] as number) >= end;
    }).catch(async (error: Error) => {
      throw withWords(new Error(`${error.message}; the store stands at ${(await positions.read()).join(', ')}`), town);
    });
  }
  return performance.now() - from;
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

const run = async (asked: Asked): Promise<Found> => {
  const { trials, chance, scope, bad, busy, say } = asked;
  const town = await openTown(asked);
  const { gates, plants } = town;
  // A message says what was a minute after the one before: whatever the hour, windows end.
  const firstAt = Date.now() - 60 * dayMs;
  const shared = { messages: 10_000_000, firstAt, stepMs: minuteMs };
  const loads = gates.map(({ mqttPort: port }, place): Load => startLoad(scope, { ...shared, port, connections: ownDevices, ratePerSecond: ownPerSecond, firstDevice: place * 1_000 })); // biome-ignore format: one line
  const both = gates.map(({ mqttPort: port }): Load => startLoad(scope, { ...shared, port, connections: sharedDevices, ratePerSecond: sharedPerSecond, firstDevice: 5_000 })); // biome-ignore format: one line
  const more = (count: number): Promise<unknown> => Promise.all(loads.map((load, place) => untilAcknowledged(count, load, gates[place] as Gate)));
  const killed: Record<Victim, number> = { gate: 0, plant: 0, kafka: 0, influxdb: 0 };
  const takeovers: Takeover[] = [];
  const faults: string[] = [];
  const order = turns(chance);
  await untilShared(town);
  for (let trial = 0; trial < trials; trial++) {
    await more(20);
    await delay(chance() * pauseMsMax);
    const victim = order.next().value as Victim;
    killed[victim]++;
    say(`kill ${trial + 1} of ${trials}: ${victim}`);
    if (victim === 'gate') {
      const gate = gates[Math.floor(chance() * gates.length)] as Gate;
      await gate.kill();
      await gate.start();
    } else if (victim === 'plant') {
      const takeover = await killPlant(town, chance);
      takeovers.push(takeover);
      say(`its partitions are another's after ${takeover.assigned} ms, opened after ${takeover.followed}, and move after ${takeover.moved}`);
    } else await awayAndBack(victim === 'kafka' ? town.kafka : town.influxd, chance);
  }
  await more(20);
  const every = [...loads, ...both];
  for (const load of every) load.stop();
  const promised = together((await Promise.all(every.map(async ({ options, result }) => promisedOf(options, await result)))).flat());
  await delay(3_000); // ticks, at which what came behind is identified
  for (const gate of gates) if ((await gate.stop()) !== 0) faults.push('a gate did not end well');
  const storedMs = await untilStored(town);
  for (const plant of plants) if ((await plant.stop()) !== 0) faults.push('a plant did not end well');
  const alone = takeovers.filter(({ restarted }) => !restarted);
  const late = alone.filter(({ moved }) => moved > takeoverMsMax);
  if (!busy && late.length > 0)
    faults.push(`${late.length} of ${alone.length} takeovers took more than ${takeoverMsMax} ms: ${late.map(({ moved }) => moved).join(', ')}`);

  const judged: Judged[] = [];
  for (const partition of all) {
    say(`judging partition ${partition}`);
    judged.push(await judgePartition(town.config, partition, promised.filter(({ subject }) => partitionOf(subject, partitions) === partition))); // biome-ignore format: one line
  }
  const ofSteps = (some: readonly Takeover[], step: 'assigned' | 'followed' | 'moved') => {
    const sorted = some.map((one) => one[step]).toSorted((x, y) => x - y);
    return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, max: sorted.at(-1) ?? 0 };
  };
  const [moved, back] = [ofSteps(alone, 'moved'), ofSteps(takeovers.filter(({ restarted }) => restarted), 'moved')]; // biome-ignore format: one line
  const of = (name: 'acknowledged' | 'lost' | 'twice' | 'wrong' | 'panes'): number => sum(judged.map((one) => one[name]));
  if (!bad && of('panes') === 0) faults.push('no pane was compared');
  return {
    faults: [...faults, ...judged.flatMap((one) => one.faults)],
    figures: {
      ...killed,
      takeovers: alone.length,
      takeoverMsMedian: moved.median,
      takeoverMsMax: moved.max,
      assignedMsMedian: ofSteps(alone, 'assigned').median,
      openedMsMedian: ofSteps(alone, 'followed').median,
      restartedMsMedian: back.median,
      restartedMsMax: back.max,
      loadAverage: Math.round(loadavg()[0] ?? 0),
      storedMs: Math.round(storedMs),
      acknowledged: of('acknowledged'),
      lost: of('lost'),
      twice: of('twice'),
      wrong: of('wrong'),
      duplicates: sum(judged.map(({ books }) => books.readings.duplicate)),
      panes: of('panes'),
    },
  };
};

export const rolesKill: Row = {
  name: 'roles-kill',
  what: 'kill -9 of gates, plants, Kafka and InfluxDB in turn at random moments: two gates, two plants, four partitions, devices through either gate and through both',
  promise:
    'no acknowledged message is lost, none is counted twice, the books balance, every pane equals its recomputation and one run over the log; the partitions of a killed plant move again within 15 s',
  control: 'InfluxDB says yes to a tenth of the writes of readings, and has none of them',
  trials: { quick: 20, full: 100 },
  controlTrials: 4,
  run,
};
