/**
 * The composition root: opens the gate (log, MQTT door, ticks, control socket) and watches over the plant beside it.
 * With `cli/` the only place that knows more than one folder.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Logger, pino } from 'pino';
import { type Door, openDoor } from './broker/door.ts';
import type { Credential } from './broker/identity.ts';
import { type Control, listenControl } from './cli/control.ts';
import { gateWatch } from './cli/gate-watch.ts';
import { heart } from './cli/heartbeat.ts';
import { type Horizon, keepHorizon } from './cli/horizon.ts';
import { pacedClock } from './cli/paced-clock.ts';
import { appliedFile, appliedTown, openLog, readTown } from './cli/parts.ts';
import type { GateCalls } from './cli/plant.ts';
import { type Supervised, supervisePlant } from './cli/plant-supervisor.ts';
import { requirePorts, requireWritable } from './cli/preflight.ts';
import { writeWhole } from './cli/whole-file.ts';
import { type Config, isLoopback } from './config.ts';
import type { Draft, RegistryChange } from './core/envelope.ts';
import { fail } from './core/failure.ts';
import { deviceSchema, type Town, townSchema } from './core/town.ts';
import { lockFolder } from './log/lock.ts';

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
  const tell = (): void => plant?.tell({ logEnd: log.durableEnd, report: gateHeart.report() });
  const gateHeart = await heart({
    data: config.data,
    log,
    watch: gateWatch(logger, config.diskReserveMb * 2 ** 20, () => plant?.restartNow()),
    append: (body, durable) => log.append(draft('tick', body), durable),
    door: () => door,
    plant: () => plant,
    beaten(wall) {
      tell();
      horizon?.pass(wall);
    },
  });
  gateHeart.beat(); // the first envelope of a session: the time until here was not open
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
    gateHeart.beat(); // what was dropped since the last one
  });
  gateHeart.start();
  opened.add(() => gateHeart.stop());

  const gateCalls: GateCalls = {
    change,
    publish: async (topic, payload, retain) => door?.publishPublic(topic, payload, retain),
  };
  plant = supervisePlant(config, logger, gateCalls, gateHeart.report, tell);
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
