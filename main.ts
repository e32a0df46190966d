/**
 * The composition root: opens the gate (log, MQTT door, ticks, control socket) and watches over the plant beside it.
 * With `cli/` the only place that knows more than one folder.
 */
import { statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Logger, pino } from 'pino';
import { type Door, openDoor } from './broker/door.ts';
import type { Credential } from './broker/identity.ts';
import { type Control, listenControl } from './cli/control.ts';
import { gateWatch } from './cli/gate-watch.ts';
import { type Horizon, keepHorizon } from './cli/horizon.ts';
import { pacedClock } from './cli/paced-clock.ts';
import { appliedFile, appliedTown, newestTick, openLog, readTown } from './cli/parts.ts';
import type { GateCalls } from './cli/plant.ts';
import { type Supervised, supervisePlant } from './cli/plant-supervisor.ts';
import { requirePorts, requireWritable } from './cli/preflight.ts';
import { writeWhole } from './cli/whole-file.ts';
import { type Config, isLoopback } from './config.ts';
import type { Draft, RegistryChange, Tick } from './core/envelope.ts';
import { fail } from './core/failure.ts';
import { deviceSchema, type Town, townSchema } from './core/town.ts';
import type { GateReport } from './core/views.ts';
import { lockFolder } from './log/lock.ts';

const tickMs = 1_000;
/** The plant hears of a new durable end at most that often. */
const durableNewsMs = 20;
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

const draft = (kind: Draft['kind'], body: string, subject = ''): Draft => ({
  kind,
  subject,
  sender: '',
  topic: '',
  payload: Buffer.from(body),
  qos: 1,
  dup: false,
  packetId: 0,
});

/** Devices and gateways by the name that they authenticate with. */
const sendersOf = ({ devices, gateways }: Town): Map<string, Credential> =>
  new Map([...devices, ...gateways].map(({ id, secretSha256 }) => [id, secretSha256 === undefined ? { id } : { id, secretSha256 }]));

/** Bytes free on the disk of a folder; -1 where that cannot be told. */
const freeBytes = (folder: string): Promise<number> =>
  statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => -1,
  );

/** What was opened, to be closed in the reverse order: at the end, or where a later step fails. */
const closers = (): { add(close: () => unknown): void; close(): Promise<void> } => {
  const open: (() => unknown)[] = [];
  return {
    add: (close) => void open.push(close),
    async close() {
      for (const close of open.splice(0).reverse()) await close();
    },
  };
};

/**
 * Opens the gate of a data folder. Where it fails, nothing stays open or locked.
 * @throws FailureError `data-in-use`, `data-not-writable`, `port-taken`, `bad-setting`, `town-invalid`, `newer-version`, `log-corrupt`, `not-loopback`
 */
export const openGate = async (config: Config): Promise<Gate> => {
  const opened = closers();
  try {
    return await openParts(config, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
};

const openParts = async (config: Config, opened: ReturnType<typeof closers>): Promise<Gate> => {
  const logger = pino({ level: config.logLevel, base: { role: 'gate' } });
  const given = config.town === undefined ? null : await readTown(config.town);
  await requireWritable(config.data);
  const lock = await lockFolder(config.data);
  opened.add(() => lock.release());
  await requirePorts(config);
  let town = (await appliedTown(config.data)) ?? townSchema.parse({ name: 'Town', zone: 'Europe/Paris', admission: 'open' });
  const requireLoopback = ({ admission }: Town): void => {
    if (admission === 'open' && !isLoopback(config.mqttHost))
      throw fail('not-loopback', `the town admits anybody, and the door would listen on ${config.mqttHost}`, 'admission');
  };
  requireLoopback(given ?? town);
  const log = await openLog(
    config,
    pacedClock(Date.now, () => performance.now()),
  );
  opened.add(() => log.close());
  if (log.recovered.tornBytes > 0 || log.recovered.corrupt > 0) logger.warn(log.recovered, 'the log was not closed properly');

  let senders = sendersOf(town);
  const append = (one: Draft): Promise<number> => new Promise((resolve) => log.append(one, (offset) => resolve(offset)));
  const apply = async (next: Town): Promise<number> => {
    requireLoopback(next);
    const offset = await append(draft('registry', JSON.stringify({ action: 'apply', town: next })));
    town = next;
    senders = sendersOf(next);
    await writeWhole(appliedFile(config.data), JSON.stringify(next));
    return offset;
  };
  const change = async (one: RegistryChange): Promise<number> => {
    if (one.action === 'apply') return apply(townSchema.parse(one.town));
    return append(draft('registry', JSON.stringify({ action: 'adopt', device: deviceSchema.parse(one.device) })));
  };

  let door: Door | undefined;
  let plant: Supervised | undefined;
  let horizon: Horizon | undefined;
  // The door counts from its own opening, a tick since the log began.
  const droppedBefore = (await newestTick(config.data))?.qos0Dropped ?? 0;
  let diskFreeBytes = await freeBytes(config.data);
  let report: GateReport | null = null;
  const tell = (): void => plant?.tell({ logEnd: log.durableEnd, report });
  const watch = gateWatch(logger, config.diskReserveMb * 2 ** 20, () => plant?.restartNow());
  const openedAt = performance.now();
  let isTickHeld = false;
  const tick = (): void => {
    const counters = door?.counters();
    const qos0Dropped = droppedBefore + (counters?.qos0Dropped ?? 0);
    const held = counters?.held ?? log.held.envelopes;
    const last: Tick = {
      wall: Date.now(),
      up: Math.round(performance.now() - openedAt),
      qos0Dropped,
      held,
      connections: counters?.connections ?? 0,
      diskFreeBytes,
    };
    // While the log cannot be written, the one that waits is enough: the time until the next was not open.
    if (!isTickHeld) {
      isTickHeld = true;
      log.append(draft('tick', JSON.stringify(last)), () => {
        isTickHeld = false;
      });
    }
    report = watch.see({ tick: last, log, door: counters, plant: plant?.life() ?? { starts: 0, endedAt: null, why: null } });
    tell();
    horizon?.pass(last.wall);
    void freeBytes(config.data).then((free) => {
      diskFreeBytes = free;
    });
  };
  tick(); // the first envelope of a session: the time until here was not open
  if (given !== null && !isDeepStrictEqual(given, town)) await apply(given);
  else if (log.durableEnd === 0) await apply(town);

  opened.add(() => plant?.close());
  opened.add(() => log.trouble === null && Promise.race([log.flush(), delay(flushMsMax, undefined, { ref: false })]));
  door = await openDoor({
    host: config.mqttHost,
    port: config.mqttPort,
    wsPort: config.mqttWsPort ?? null,
    front: config.mqttFront,
    limits: config.doorLimits,
    admission: {
      get policy() {
        return town.admission;
      },
      lookup: (id) => senders.get(id),
    },
    ingest: (one, settled) => log.append(one, settled),
  });
  const mqttPort = door.port;
  opened.add(async () => {
    await door?.close();
    tick(); // what was dropped since the last one
  });
  const ticking = setInterval(tick, tickMs);
  opened.add(() => clearInterval(ticking));

  const gateCalls: GateCalls = {
    change,
    publish: async (topic, payload, retain) => door?.publishPublic(topic, payload, retain),
  };
  plant = supervisePlant(config, logger, gateCalls, () => report, tell);
  const { http } = plant;
  let due = false;
  log.onDurable(() => {
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      tell();
    }, durableNewsMs);
  });

  const horizonParts = { config, log, logger, append: (command: string) => append(draft('command', command)), view: plant.view };
  http.then(
    () => {
      horizon = keepHorizon(horizonParts);
    },
    () => {},
  );

  const control: Control = {
    change,
    async append(drafts) {
      const offsets = await Promise.all(drafts.map(({ kind, subject, payload }) => append(draft(kind, payload, subject))));
      return (offsets.at(-1) ?? log.durableEnd - 1) + 1;
    },
    view: (name, args) => plant.view(name, args),
    durableEnd: async () => log.durableEnd,
    addresses: async () => ({ http: await http, mqtt: mqttPort }),
  };
  const socket = await listenControl(config.data, control);
  opened.add(() => socket.close());

  return { mqttPort, town: () => town, http, logger, close: () => opened.close() };
};
