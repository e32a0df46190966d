/**
 * The composition root: opens the gate (log, MQTT door, ticks, control socket) and watches over the plant beside it.
 * With `cli/` the only place that knows more than one folder.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Logger, pino } from 'pino';
import type { Door } from './broker/door.ts';
import { type Control, listenControl } from './cli/control.ts';
import { type Heartbeat, heartbeat } from './cli/gate/heartbeat.ts';
import { type Horizon, keepHorizon } from './cli/gate/horizon.ts';
import { requirePorts, requireWritable } from './cli/gate/preflight.ts';
import { askPlant, type GateTown, gateTown, requireLoopback } from './cli/gate/town.ts';
import { townDoor } from './cli/gate/town-door.ts';
import { gateWatch } from './cli/gate/watch.ts';
import { type SettledTown, settledTown } from './cli/keep/settled-town.ts';
import { type KeptTown, keptTown, readTown } from './cli/keep/town-file.ts';
import { commandDraft, durably, ownDraft } from './cli/own-draft.ts';
import { pacedClock } from './cli/paced-clock.ts';
import { requireStore } from './cli/parts/influx.ts';
import { requireLog } from './cli/parts/kafka.ts';
import { openLog, openReader } from './cli/parts/log.ts';
import { type Supervised, supervisePlant } from './cli/plant/supervisor.ts';
import type { Config } from './config.ts';
import type { AlarmAction } from './core/alarm.ts';
import type { Draft } from './core/envelope.ts';
import { fail } from './core/failure.ts';
import { Scope } from './core/scope.ts';
import { freshTown, type Town } from './core/town.ts';
import type { Views } from './core/views.ts';
import { lockFolder } from './log/lock.ts';

/** The plant hears of a new durable end at most that often. */
const durableNewsMs = 20;
/** A change waits that long for what only the plant knows, ms; then the pipeline alone judges it by that. */
const knownMsMax = 10_000;
/** A stop waits that long for the log to write what it has; a failing disk may never let it. */
const flushMsMax = 5_000;

export interface Gate {
  readonly mqttPort: number;
  readonly town: () => Town;
  /** Address of the pages; resolves when the plant is up, and rejects where it cannot start at all. */
  readonly http: Promise<string>;
  readonly logger: Logger;
  close(): Promise<void>;
}

/**
 * Opens the gate of a data folder. Where it fails, nothing stays open or locked.
 * @throws FailureError `data-in-use`, `data-not-writable`, `port-taken`, `bad-setting`, `town-invalid`, `newer-version`, `log-corrupt`, `not-loopback`, `store-unreachable`, `store-denied`, `store-not-set-up`
 */
export const openGate = async (config: Config): Promise<Gate> => {
  const opened = new Scope();
  try {
    return await openParts(config, opened);
  } catch (error) {
    await opened.close().catch(() => {}); // what went wrong first is told
    throw error;
  }
};

/** The log of a data folder, and how one envelope of the gate's own gets into it. */
const gateLog = async (config: Config, logger: Logger) => {
  const clock = pacedClock(Date.now, () => performance.now());
  const log = await openLog(config, clock);
  if (log.recovered.tornBytes > 0 || log.recovered.corrupt > 0) logger.warn(log.recovered, 'the log was not closed properly');
  return { log, append: (one: Draft): Promise<number> => durably(log, one) };
};

type GateLog = Awaited<ReturnType<typeof gateLog>>;

/** Calls `tell` soon after the first of several calls: once for all that come within `ms`. */
const gathered = (ms: number, tell: () => void): (() => void) => {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      tell();
    }, ms);
  };
};

/** What a command may ask of this gate. */
const controlOf = ({ log, append }: GateLog, town: GateTown, plant: Supervised, mqtt: number): Control => ({
  change: town.change,
  async append(drafts) {
    const offsets = await Promise.all(drafts.map(({ kind, subject, payload }) => append(ownDraft(kind, payload, subject))));
    return (offsets.at(-1) ?? log.durableEnd - 1) + 1;
  },
  view: (name, args) => plant.view(name, args),
  durableEnd: async () => log.durableEnd,
  addresses: async () => ({ http: await plant.http, mqtt }),
});

/** Parts that others turn to and that open after them. */
interface Later {
  door?: Door;
  plant?: Supervised;
  horizon?: Horizon;
}

/** Locks the folder, when nothing is in the way of a gate. @returns the town that was given, and the one that the folder keeps */
const takeFolder = async (config: Config, opened: Scope): Promise<{ readonly given: Town | null; readonly kept: KeptTown | null }> => {
  const given = config.town === undefined ? null : await readTown(config.town);
  await requireWritable(config.data);
  const lock = await lockFolder(config.data);
  opened.add(() => lock.release());
  await requirePorts(config, lock.isInherited);
  await requireLog(config);
  await requireStore(config);
  const kept = await keptTown(config.data);
  if (given !== null || kept?.changing == null) requireLoopback(given ?? kept?.town ?? freshTown, config.mqttHost);
  return { given, kept };
};

/** The town as the log has it, what of it was never synced included: the log writes that again. */
const standingTown = async (config: Config, kept: KeptTown | null, { log }: GateLog): Promise<SettledTown> => {
  const reader = openReader(config);
  return settledTown(config.data, kept, reader, log.durableEnd + log.held.envelopes).finally(() => reader.close());
};

const openTown = async (config: Config, logger: Logger, { kept, adopted, isKept }: SettledTown, { log, append }: GateLog, later: Later): Promise<GateTown> => {
  const views = new Proxy({} as Views, {
    get: (_, name: keyof Views) => async () => {
      if (later.plant === undefined) throw fail('unavailable', 'the plant is starting');
      return later.plant.view(name, []);
    },
  });
  return gateTown({
    config,
    town: kept?.town ?? freshTown,
    at: kept?.at ?? null,
    adopted,
    isKept: kept === null || isKept,
    logEnd: () => log.durableEnd,
    unkept: (error) => logger.warn({ error: String(error) }, 'the town is in the log, but not in its file; that is tried again'),
    append: (change) => append(ownDraft('registry', JSON.stringify(change))),
    known: () => Promise.race([askPlant(views).catch(() => null), delay(knownMsMax, null, { ref: false })]),
    recognise: (names) => later.door?.recognise(names),
    revoke: () => later.door?.revoke(),
  });
};

/** @param beaten after each tick, with the wall clock */
const openHeart = (config: Config, logger: Logger, { log }: GateLog, later: Later, beaten: (wall: number) => void): Promise<Heartbeat> =>
  heartbeat({
    config,
    log,
    watch: gateWatch(logger, config.diskReserveMb * 2 ** 20, () => later.plant?.restartNow()),
    append: (body, durable) => log.append(ownDraft('tick', body), durable),
    door: () => later.door,
    plant: () => later.plant,
    beaten,
  });

/** Starts the plant, and keeps the horizon once it is up. @param onStart each time that it has started */
const startPlant = (
  config: Config,
  logger: Logger,
  { log, append }: GateLog,
  town: GateTown,
  later: Later,
  heart: Heartbeat,
  onStart: () => void,
): Supervised => {
  const publish = async (topic: string, payload: string, retain: boolean): Promise<void> => later.door?.publishPublic(topic, payload, retain);
  const clearPublic = async (): Promise<void> => later.door?.clearPublic();
  const publishToOperators = async (topic: string, payload: string): Promise<void> => later.door?.publishToOperators(topic, payload);
  const clearOperators = async (): Promise<void> => later.door?.clearOperators();
  const act = (action: AlarmAction): Promise<number> => append(commandDraft({ action: 'alarm', alarm: action }));
  const plant = supervisePlant({
    config,
    logger,
    calls: { change: town.change, act, publish, clearPublic, publishToOperators, clearOperators },
    report: heart.report,
    onStart,
  });
  const view: Supervised['view'] = (name, args) => plant.view(name, args);
  plant.http.then(
    () => {
      later.horizon = keepHorizon({ config, log, logger, append: (command) => append(commandDraft(command)), view });
    },
    () => {},
  );
  return plant;
};

/**
 * Waits until the plant has come so far, within bounds: a town that is other than the one before is held against what only
 * the plant knows, the figures of devices that no file declares.
 */
const caughtUp = async (plant: Supervised, end: number): Promise<void> => {
  const come = plant.http.then(() => plant.view('reached', [end]));
  await Promise.race([come.catch(() => null), delay(knownMsMax, null, { ref: false })]);
};

const openParts = async (config: Config, opened: Scope): Promise<Gate> => {
  const logger = pino({ level: config.logLevel, base: { role: 'gate' } });
  const { given, kept } = await takeFolder(config, opened);
  const written = await gateLog(config, logger);
  const { log } = written;
  opened.add(() => log.close());
  const isFresh = log.durableEnd === 0;
  const later: Later = {};
  const standing = await standingTown(config, kept, written);
  const town = await openTown(config, logger, standing, written, later);
  const applied = town.current();
  requireLoopback(given ?? applied, config.mqttHost);
  await town.settle(); // before anything comes into the log: what it lacks is told by where it ends
  const tell = (): void => later.plant?.tell({ logEnd: log.durableEnd, report: heart.report() });
  const heart = await openHeart(config, logger, written, later, (wall) => {
    tell();
    later.horizon?.pass(wall);
    void town.settle();
  });
  heart.beat(); // the first envelope of a session: the time until here was not open
  opened.add(() => later.plant?.close());
  opened.add(() => log.trouble === null && Promise.race([log.flush(), delay(flushMsMax, undefined, { ref: false })]));
  const startedPlant = (): Supervised => {
    later.plant ??= startPlant(config, logger, written, town, later, heart, () => {
      tell();
      void town.learn();
    });
    return later.plant;
  };
  if (given !== null && !isDeepStrictEqual(given, applied)) {
    if (!isFresh) await caughtUp(startedPlant(), log.durableEnd);
    await town.apply(given);
  } else if (standing.kept?.at == null) await town.apply(applied); // the log has none

  const door = await townDoor(config, town, (one, settled) => log.append(one, settled));
  later.door = door;
  opened.add(async () => {
    await door.close();
    heart.beat(); // what was dropped since the last one
  });
  heart.start();
  opened.add(() => heart.stop());

  const plant = startedPlant();
  log.onDurable(gathered(durableNewsMs, tell));
  const socket = await listenControl(config.data, controlOf(written, town, plant, door.port));
  opened.add(() => socket.close());
  return { mqttPort: door.port, town: town.current, http: plant.http, logger, close: () => opened.close() };
};
