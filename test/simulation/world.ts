/**
 * One simulated town from one seed: devices, network, gate, disk and plant under a virtual clock, any of which fails at any step.
 * Invariants are looked at after each step; in the end everything heals, and the figures must be those of the log alone.
 */
import { Buffer } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { pacedClock } from '../../cli/paced-clock.ts';
import type { Draft, EnvelopeKind } from '../../core/envelope.ts';
import type { Store } from '../../core/store.ts';
import { type Town, townSchema } from '../../core/town.ts';
import { memoryStore } from '../../stores/memory.ts';
import { dumpOf as linesOf } from '../stores/answers.ts';
import { type Chance, chance } from './chance.ts';
import { CommitWatch, compareWithLog, requireThat, StepWatch, Violation } from './checks.ts';
import { SimulatedDisk, soundDisk } from './disk.ts';
import { makeFleet, type Sensor, speak } from './fleet.ts';
import { type LogFaults, readLog, SimulatedLog } from './log-on-disk.ts';
import { type Message, Network } from './network.ts';
import { type Plant, PlantDied, type PlantFaults, startPlant } from './plant.ts';

/** Faults of octroi's own parts: what a mutant gets wrong. */
export type Faults = LogFaults & PlantFaults;

export interface World {
  readonly seed: number;
  /** Steps before everything heals; default 25 to 75, by the seed. */
  readonly steps?: number;
  /** Default 100 for every fiftieth seed, else 9 to 24. */
  readonly devices?: number;
  readonly faults?: Faults;
}

export interface Outcome {
  /** SHA-256 of all that happened and of all rows, hex. */
  readonly trace: string;
  readonly steps: number;
  readonly devices: number;
  readonly envelopes: number;
  readonly readings: number;
  /** Whose readings and panes were compared with a recomputation from the log. */
  readonly keysCompared: number;
  readonly gateDeaths: number;
  readonly plantDeaths: number;
}

/** A broken invariant, with what it takes to see it again. */
export class SeedFailed extends Error {
  constructor(seed: number, step: number, cause: Error) {
    super(`seed ${seed}, step ${step}: ${cause.message}\nOCTROI_SIMULATION_SEED=${seed} npm test -- test/simulation`, { cause });
  }
}

/** Nights on which clocks change, ends of months and years, and plain days. */
const starts = ['2026-03-29T00:40:00Z', '2026-10-25T00:30:00Z', '2026-10-24T21:50:00Z', '2026-12-31T22:52:00Z', '2026-02-28T22:58:00Z', '2026-06-16T09:07:00Z'];
const closedForMs = [8_000, 40_000, 400_000, 1_800_000, 9_000_000, 100_000_000];
const monthAndMore = 46 * 86_400_000;
/** Thousands of dead letters are opened a few a tick. */
const settleStepsMax = 4_000;

/** As the snapshot of the pipeline has it. */
interface Waiting {
  readonly logTime: number;
  readonly futureNext: number | null;
  readonly revising: readonly unknown[];
  readonly reopening: readonly unknown[];
}

const isIdle = ({ logTime, futureNext, revising, reopening }: Waiting): boolean =>
  revising.length + reopening.length === 0 && (futureNext === null || futureNext > logTime);

class Simulation {
  readonly #seed: number;
  readonly #faults: Faults;
  readonly #chance: Chance;
  readonly #voice: Chance;
  readonly #disk: SimulatedDisk;
  readonly #network: Network;
  readonly #store: Store = memoryStore();
  readonly #commits = new CommitWatch();
  readonly #watch = new StepWatch();
  readonly #trace: Hash = createHash('sha256');
  readonly #fleet: Sensor[];
  readonly #town: Town;
  /** Offsets that were acknowledged, and what was said there. */
  readonly #acknowledged = new Map<number, Message>();
  /** Offsets that were acknowledged and would not survive a power cut. */
  readonly #unsafe: number[] = [];
  readonly #steps: number;
  readonly #start: number;
  #now: number;
  /** How far the wall clock was set, ms. */
  #setBy = 0;
  #log: SimulatedLog | null = null;
  #openedAt = 0;
  #plant: Plant | null = null;
  #plantFrom = 0;
  #gateFrom = 0;
  #messages = 0;
  #qos0Dropped = 0;
  #isQuiet = false;
  #deaths = { gate: 0, plant: 0 };
  step = 0;

  constructor({ seed, steps, devices, faults = {} }: World) {
    this.#seed = seed;
    this.#faults = faults;
    this.#chance = chance(seed, 'world');
    this.#voice = chance(seed, 'fleet');
    this.#disk = new SimulatedDisk(chance(seed, 'disk'));
    this.#network = new Network(chance(seed, 'network'));
    this.#steps = steps ?? this.#chance.between(25, 75);
    this.#start = Date.parse(this.#chance.pick(starts)) + 10 * this.#chance.below(200_000);
    this.#now = this.#start;
    this.#fleet = makeFleet(this.#voice, devices ?? (seed % 50 === 0 ? 100 : this.#chance.between(9, 24)), this.#start);
    const declared = this.#fleet.filter((sensor) => sensor.declared).map(({ device }) => device);
    this.#town = townSchema.parse({ name: 'Simulated', zone: 'Europe/Paris', admission: this.#chance.hit(0.15) ? 'open' : 'declared', devices: declared });
  }

  async run(): Promise<Outcome> {
    this.#openGate();
    this.#append('registry', { action: 'apply', town: this.#town });
    for (; this.step < this.#steps; this.step++) await this.#disturbedStep();
    await this.#heal();
    const keysCompared = await this.#compare();
    const devices = this.#fleet.length;
    const { gate: gateDeaths, plant: plantDeaths } = this.#deaths;
    const readings = this.#store.ledger().readings.stored;
    return { trace: this.#trace.digest('hex'), steps: this.step, devices, envelopes: this.#store.position, readings, keysCompared, gateDeaths, plantDeaths };
  }

  async #disturbedStep(): Promise<void> {
    const { hit, between, pick } = this.#chance;
    this.#now += 10 * between(20, 480);
    if (hit(0.03)) this.#now += pick(closedForMs);
    if (hit(0.01)) this.#setBy += 10 * between(-500_000, 500_000);
    if (hit(0.02)) this.#network.cut();
    if (hit(0.05)) this.#disk.trouble = hit(0.5) ? soundDisk : { writeFails: 0.1 * between(0, 4), syncFails: 0.1 * between(0, 5), stalls: 0.1 * between(0, 8) };
    if (hit(0.02)) this.#network.loss = 0.1 * between(0, 6);
    if (hit(0.03)) this.#killGate(hit(0.5));
    if (this.#plant !== null && hit(0.04)) this.#killPlant(0);
    if (this.#plant !== null && this.#plant.fuse === null && hit(0.1)) this.#plant.fuse = { calls: this.#chance.below(8), afterEffect: hit(0.5) };
    if (this.#log === null && this.step >= this.#gateFrom) this.#openGate();
    if (hit(0.08)) this.#administer();
    await this.#turn();
  }

  /** What happens in every step, disturbed or not. */
  async #turn(): Promise<void> {
    const { hit } = this.#chance;
    this.#speak();
    this.#deliver();
    this.#tick();
    this.#log?.turn(this.#now);
    requireThat(this.#unsafe.length === 0, 'what is acknowledged is on the disk', () => this.#unsafe);
    this.#note(`${this.step} ${this.#now} log ${this.#log?.durableEnd} held ${this.#log?.held} open ${this.#network.unacknowledged}`);
    if (this.#isQuiet || hit(0.6)) await this.#work();
    await this.#watch.see(this.step, this.#store, this.#plant, this.#log?.envelopes ?? []);
    this.#note(`store ${this.#store.position} ${JSON.stringify(this.#store.ledger().readings)}`);
  }

  #speak(): void {
    for (const sensor of this.#fleet) {
      const canSend = this.#log !== null && this.#network.openOf(sensor.id) < 4 && !this.#isQuiet;
      for (const payload of speak(this.#voice, sensor, this.#now, canSend)) {
        const sender = this.#voice.hit(0.005) ? 'somebody' : sensor.id;
        const topic = this.#voice.hit(0.003) ? 'some/where' : `city/v1/here/${sensor.id}/telemetry`;
        const qos = this.#voice.hit(0.9) ? 1 : 0;
        const subject = topic === 'some/where' ? '' : sensor.id;
        this.#network.publish({ id: this.#messages++, subject, sender, topic, payload, qos, sentAt: 0, acknowledged: false }, this.#now);
      }
    }
  }

  #deliver(): void {
    for (const { message, dup } of this.#network.arrivals(this.#now)) {
      const log = this.#log;
      if (log === null) continue;
      if (message.qos === 0 && log.held > 100) {
        this.#qos0Dropped++;
        continue;
      }
      const { subject, sender, topic, payload, qos, id } = message;
      const draft: Draft = { kind: 'message', subject, sender, topic, payload, qos, dup, packetId: id % 65_536 };
      log.append(draft, (offset) => this.#settled(log, message, offset));
    }
  }

  #settled(log: SimulatedLog, message: Message, offset: number): void {
    if (message.qos === 0) return;
    if (!log.isDurable(offset)) this.#unsafe.push(offset);
    this.#acknowledged.set(offset, message);
    this.#note(`ack ${message.id} at ${offset}`);
    this.#network.acknowledge(message, this.#now);
  }

  #append(kind: EnvelopeKind, body: unknown, subject = ''): void {
    this.#log?.append({ kind, subject, sender: '', topic: '', payload: Buffer.from(JSON.stringify(body)), qos: 1, dup: false, packetId: 0 });
  }

  #tick(): void {
    if (this.#log === null) return;
    const tick = { wall: this.#now + this.#setBy, up: this.#now - this.#openedAt, qos0Dropped: this.#qos0Dropped };
    this.#append('tick', { ...tick, held: this.#log.held, connections: this.#fleet.length, diskFreeBytes: -1 });
  }

  /** What people do: adopt, change the town, settle, import, cut. */
  #administer(): void {
    const { below, hit, pick, between } = this.#chance;
    const sensor = pick(this.#fleet);
    switch (below(6)) {
      case 0:
      case 1: {
        const stranger = pick(this.#fleet.filter(({ declared }) => !declared));
        if (stranger !== undefined) this.#append('registry', { action: 'adopt', device: stranger.device });
        return;
      }
      case 2: {
        const devices = this.#town.devices.filter(() => hit(0.9)).map((device) => (hit(0.1) ? { ...device, intervalMs: 10_000 * between(1, 12) } : device));
        this.#append('registry', { action: 'apply', town: { ...this.#town, devices } });
        return;
      }
      case 3:
        this.#append('command', { action: 'settle', subjects: this.#fleet.filter(() => hit(0.2)).map(({ id }) => id) });
        return;
      case 4: {
        const at = Array.from({ length: between(1, 20) }, (_, row) => this.#start - 90_000_000 + row * 900_000);
        const columns = [{ quantity: 'active_energy', spanMs: pick([900_000, 3_600_000]) }];
        const refused = hit(0.3) ? [{ code: 'bad-row', message: 'too short', line: 3, text: ';' }] : [];
        this.#append('import', { source: 'history.csv', columns, at, values: [at.map(() => (hit(0.1) ? null : below(20_000) / 10_000))], refused }, sensor.id);
        return;
      }
      default:
        if (this.#seed % 8 === 3 && this.#log !== null) this.#append('command', { action: 'cut', before: below(this.#log.durableEnd + 1) });
    }
  }

  #openGate(): void {
    this.#openedAt = this.#now;
    const clock = pacedClock(
      () => this.#now + this.#setBy,
      () => this.#now - this.#openedAt,
    );
    this.#log = new SimulatedLog(this.#disk, this.#chance, clock, this.#faults);
    this.#note(`gate opens at ${this.#log.durableEnd}`);
    this.#requireAcknowledged();
    this.#killPlant(0); // it reads through the gate's own reader: one life of the log, one reader
  }

  #killGate(isPowerCut: boolean): void {
    if (this.#log === null) return;
    this.#deaths.gate++;
    this.#log = null;
    this.#network.cut();
    if (isPowerCut) {
      this.#disk.powerCut();
      this.#killPlant(0);
    }
    this.#gateFrom = this.step + this.#chance.below(3);
    this.#note(`gate dies ${isPowerCut}`);
  }

  /** What was acknowledged stands in the files, byte for byte. */
  #requireAcknowledged(): void {
    const log = readLog(this.#disk, Number.MAX_SAFE_INTEGER);
    for (const [offset, { payload, topic }] of this.#acknowledged) {
      const found = log[offset];
      requireThat(
        found !== undefined && found.topic === topic && Buffer.compare(found.payload, payload) === 0,
        'an acknowledged message is in the log',
        () => offset,
      );
    }
    requireThat(this.#store.position <= log.length, 'the store is not ahead of the log', () => [this.#store.position, log.length]);
  }

  #killPlant(steps: number): void {
    if (this.#plant === null) return;
    this.#deaths.plant++;
    this.#plant.kill();
    this.#plant = null;
    this.#plantFrom = this.step + steps;
    this.#note('plant dies');
  }

  /** The plant catches up, commits, perhaps makes a checkpoint; it may die of its fuse. */
  async #work(): Promise<void> {
    const log = this.#log;
    if (log === null || this.step < this.#plantFrom) return;
    const { hit } = this.#chance;
    try {
      this.#plant ??= await startPlant(this.#store, log.reader(), (commit, position) => this.#commits.see(commit, position), this.#faults);
      // It may not have been told the newest end yet.
      const { pipeline, run } = this.#plant;
      const goal = (): number => (this.#isQuiet || hit(0.5) ? log.durableEnd : this.#chance.between(Math.min(pipeline.end(), log.durableEnd), log.durableEnd));
      await run.to(goal());
      if (hit(0.3)) {
        await run.hand(); // who is behind goes on while it is written
        await run.to(goal());
      }
      if (this.#isQuiet || hit(0.7)) await run.commit();
      if (hit(0.15)) await run.checkpoint();
    } catch (error) {
      if (!(error instanceof PlantDied)) throw error;
      this.#killPlant(this.#chance.below(3));
    }
  }

  /** All faults end; what was said arrives; then a month passes, and everything closes. */
  async #heal(): Promise<void> {
    this.#isQuiet = true;
    this.#disk.trouble = soundDisk;
    this.#network.loss = 0;
    this.#network.repeats = 0;
    this.#plantFrom = 0;
    if (this.#log === null) this.#openGate();
    if (this.#plant !== null) this.#plant.fuse = null;
    this.#append('registry', { action: 'apply', town: this.#town });
    for (const { device, declared } of this.#fleet) if (!declared) this.#append('registry', { action: 'adopt', device });
    const isSettled = (): boolean => this.#network.isIdle && this.#network.unacknowledged === 0 && (this.#log?.held ?? 1) === 0 && this.#nothingWaits();
    await this.#until(isSettled);
    this.#now += monthAndMore;
    await this.#until(() => false, 3);
    await this.#until(isSettled);
    this.#now += 5 * 86_400_000; // beyond the longest hold
    await this.#until(isSettled);
  }

  #nothingWaits(): boolean {
    const whole = this.#plant?.pipeline.snapshot(false).find(({ scope }) => scope === 'pipeline');
    return whole !== undefined && isIdle(JSON.parse(whole.body) as Waiting) && this.#plant?.pipeline.end() === this.#log?.durableEnd;
  }

  async #until(isReached: () => boolean, stepsMax = settleStepsMax): Promise<void> {
    for (let n = 0; n < stepsMax && (n === 0 || !isReached()); n++, this.step++) {
      this.#now += 4_000;
      await this.#turn();
    }
    requireThat(stepsMax < settleStepsMax || isReached(), 'nothing waits for ever', () => [
      this.#network.unacknowledged,
      this.#log?.held,
      this.#plant?.pipeline.ledger(0),
    ]);
  }

  async #compare(): Promise<number> {
    const [log, plant] = [this.#log, this.#plant];
    if (log === null || plant === null) throw new Violation('the town has healed');
    this.#requireAcknowledged();
    requireThat(this.#store.position === log.durableEnd, 'everything is processed', () => [this.#store.position, log.durableEnd]);
    const recount = await this.#store.recount();
    const { stored, corrected, deadLetter } = this.#store.ledger().readings;
    requireThat(recount.stored === stored && recount.corrected === corrected && recount.deadLetter === deadLetter, 'the rows tell the ledger', () => recount);
    const fresh = memoryStore();
    const commits = new CommitWatch();
    const again = await startPlant(fresh, log.reader(), (commit, position) => commits.see(commit, position), {});
    await again.run.to(log.durableEnd);
    await again.run.commit();
    const [rows, rowsAgain] = [this.#commits.rows.sort(), commits.rows.sort()];
    requireThat(rows.join() === rowsAgain.join(), 'the rows equal those of a run from empty', () => {
      const [known, knownAgain] = [new Set(rows), new Set(rowsAgain)];
      return { found: rows.filter((row) => !knownAgain.has(row)).slice(0, 3), wanted: rowsAgain.filter((row) => !known.has(row)).slice(0, 3) };
    });
    // What the stores hold was seen on its way in; a dump of both is dear, and taken of some worlds.
    if (this.#seed % 20 === 0) requireThat((await dumpOf(this.#store)) === (await dumpOf(fresh)), 'the dump equals that of a run from empty');
    requireThat(JSON.stringify(this.#store.ledger()) === JSON.stringify(fresh.ledger()), 'the ledger equals that of a run from empty', () => [
      this.#store.ledger(),
      fresh.ledger(),
    ]);
    requireThat(stateOf(plant) === stateOf(again), 'the state equals that of a run from empty');
    for (const line of rows) this.#trace.update(line);
    return compareWithLog(log.envelopes, this.#store, plant);
  }

  #note(line: string): void {
    this.#trace.update(line);
    this.#trace.update('\n');
  }
}

const dumpOf = async (store: Store): Promise<string> => (await linesOf(store)).join('');

/** The pipeline's whole state as text; the order of subjects is no part of it. */
const stateOf = ({ pipeline }: Plant): string =>
  pipeline
    .snapshot(true)
    .map(({ scope, body }) => `${scope}\t${body}`)
    .sort()
    .join('\n');

/** Lives one seed through. @throws SeedFailed */
export const simulate = async (world: World): Promise<Outcome> => {
  const simulation = new Simulation(world);
  try {
    return await simulation.run();
  } catch (error) {
    throw new SeedFailed(world.seed, simulation.step, error as Error);
  }
};
