/** Keeps the plant running: starts it, and again whenever it ends or no longer answers. What the plant does is its own; the gate goes on accepting all the while. */
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { type Failure, FailureError, failure } from '../../core/failure.ts';
import type { GateReport, PlantEnd, PlantLife } from '../../core/views.ts';
import { type Away, standIn } from './away.ts';
import type { GateCalls, PlantReady, ToPlant } from './main.ts';
import { type PlantProcess, plantProcess } from './process.ts';

/** Pause before a plant that ended is started again: it doubles from the one to the other, and starts anew after a quiet minute. */
const restartMsMin = 200;
const restartMsMax = 10_000;
const quietMs = 60_000;
/** From that pause on a page stands in, ms. */
const standInMs = 800;
/** A plant that hangs is looked for that often, ms. */
const lookMs = 500;
/** A plant that opens on a busy machine may be silent for long, and would only begin anew: until it is up it has at least that long, ms. */
const openingMsMin = 300_000;
/** A stop waits that long for the plant, which itself waits 10 s for what hangs in it, ms. */
const stopMsMax = 12_000;

/** Failures that no restart cures: where the first start meets one, the gate does not open. */
const hopeless: ReadonlySet<string> = new Set(['port-taken', 'newer-version', 'bad-setting', 'not-loopback']);

export interface Supervised {
  /** Address of the pages; resolves when the plant is up, and rejects with a FailureError where it cannot start at all. */
  readonly http: Promise<string>;
  view(name: string, args: readonly unknown[]): Promise<unknown>;
  tell(message: ToPlant): void;
  life(): PlantLife;
  /** What kept it from running may be gone: a plant that waits to be started again waits no longer. */
  restartNow(): void;
  close(): Promise<void>;
}

export interface Supervision {
  readonly config: Config;
  readonly logger: Logger;
  /** What the plant may ask of the gate. */
  readonly calls: GateCalls;
  /** What the stand-in page says. */
  report(): GateReport | null;
  /** Called when a plant listens: tell it where the log stands. */
  onStart(): void;
}

class Supervisor implements Supervised {
  readonly http: Promise<string>;
  readonly #given: Supervision;
  readonly #address = Promise.withResolvers<string>();
  readonly #looking: NodeJS.Timeout;
  #lookedAt = performance.now();
  #plant: PlantProcess | null = null;
  #stopping = false;
  #restart: NodeJS.Timeout | undefined;
  #restartMs = restartMsMin;
  #startedAt = 0;
  #wasReady = false;
  /** Whether the plant that runs is up. */
  #isUp = false;
  /** The port that was found free for 0 stays the same when the plant comes back. */
  #httpPort: number;
  #away: Promise<Away | null> = Promise.resolve(null);
  /** Why the plant that runs is about to end. */
  #end: PlantEnd | null = null;
  #life: PlantLife = { starts: 0, hangs: 0, endedAt: null, end: null, threadSilentMs: 0 };

  constructor(given: Supervision) {
    this.#given = given;
    this.#httpPort = given.config.httpPort;
    this.http = this.#address.promise;
    this.http.catch(() => {});
    this.#looking = setInterval(() => this.#look(), lookMs);
    void this.#start();
  }

  async view(name: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#plant === null) throw new FailureError(failure('unavailable', 'the plant is starting'));
    return this.#plant.view(name, args);
  }

  tell(message: ToPlant): void {
    this.#plant?.tell(message);
  }

  life(): PlantLife {
    return this.#life;
  }

  restartNow(): void {
    if (this.#restart === undefined) return;
    clearTimeout(this.#restart);
    this.#restartMs = restartMsMin;
    void this.#start();
  }

  async close(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#looking);
    clearTimeout(this.#restart);
    await this.#leave();
    const plant = this.#plant;
    if (plant === null) return;
    plant.stop();
    const late = setTimeout(() => plant.kill(), stopMsMax);
    await plant.ended;
    clearTimeout(late);
  }

  async #start(): Promise<void> {
    this.#restart = undefined;
    await this.#leave();
    if (this.#stopping) return;
    const { config, calls, onStart } = this.#given;
    this.#startedAt = performance.now();
    this.#isUp = false;
    this.#life = { ...this.#life, starts: this.#life.starts + 1, threadSilentMs: 0 };
    this.#plant = plantProcess({ ...config, httpPort: this.#httpPort }, calls, {
      started: onStart,
      ready: (ready) => this.#isReady(ready),
      broken: (failed) => this.#isBroken(failed),
      alive: (threadSilentMs) => {
        this.#life = { ...this.#life, threadSilentMs };
      },
    });
    void this.#plant.ended.then((status) => this.#hasEnded(status));
  }

  #opened(url: string): void {
    this.#httpPort = Number(new URL(url).port) || this.#httpPort;
    this.#address.resolve(url);
  }

  #isReady(ready: PlantReady): void {
    this.#wasReady = true;
    this.#isUp = true;
    this.#given.logger.info(ready, 'the plant is up');
    this.#opened(ready.url);
    this.#given.onStart();
  }

  #isBroken(failed: Failure): void {
    this.#end = { how: 'failed', code: failed.code, detail: failed.message.split('\n')[0] ?? '' };
    if (!this.#wasReady && hopeless.has(failed.code)) {
      this.#stopping = true;
      this.#address.reject(new FailureError(failed));
    } else this.#given.logger.error({ why: failed }, 'the plant failed');
  }

  /** Ends a plant that says nothing any more. Whoever was held up itself (its timer is late) has not read what was said. */
  #look(): void {
    const now = performance.now();
    const isLate = now - this.#lookedAt > 2 * lookMs;
    this.#lookedAt = now;
    const plant = this.#plant;
    if (plant === null || this.#end?.how === 'silent') return;
    if (isLate) plant.excuse();
    const { plantSilentMsMax } = this.#given.config;
    const ms = plant.silentMs() ?? now - this.#startedAt;
    if (ms <= (this.#isUp ? plantSilentMsMax : Math.max(plantSilentMsMax, openingMsMin))) return;
    this.#end = { how: 'silent', ms: Math.round(ms) };
    this.#life = { ...this.#life, hangs: this.#life.hangs + 1 };
    this.#given.logger.error({ silentMs: Math.round(ms) }, 'the plant does not answer: it is ended and started again, readings are taken meanwhile');
    plant.kill();
  }

  #hasEnded(status: number | string): void {
    this.#plant = null;
    if (this.#stopping) return;
    if (performance.now() - this.#startedAt > quietMs) this.#restartMs = restartMsMin;
    this.#life = { ...this.#life, endedAt: Date.now(), end: this.#end ?? { how: 'exited', status: String(status) }, threadSilentMs: 0 };
    this.#end = null;
    const { starts, end: why } = this.#life;
    this.#given.logger.warn({ status, restartMs: this.#restartMs, starts, why }, 'the plant ended; it is started again');
    if (this.#restartMs >= standInMs) this.#away = this.#standsIn();
    this.#restart = setTimeout(() => void this.#start(), this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, restartMsMax);
  }

  async #standsIn(): Promise<Away | null> {
    const stand = await standIn(this.#given.config.httpHost, this.#httpPort, this.#given.report);
    if (stand !== null) this.#opened(stand.url);
    return stand;
  }

  async #leave(): Promise<void> {
    await (await this.#away)?.close();
    this.#away = Promise.resolve(null);
  }
}

/** Starts the plant, and keeps it running until it is closed. */
export const supervisePlant = (given: Supervision): Supervised => new Supervisor(given);
