/**
 * The composition root: opens the gate (log, MQTT door, ticks, control socket) and watches over the plant beside it.
 * With `cli/` the only place that knows more than one folder.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { statfs, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Logger, pino } from 'pino';
import { type Door, openDoor } from './broker/door.ts';
import type { Credential } from './broker/identity.ts';
import { type Control, listenControl } from './cli/control.ts';
import { appliedFile, appliedTown, newestTick, openLog, readTown } from './cli/parts.ts';
import type { FromPlant, GateCalls, ToPlant } from './cli/plant.ts';
import { type Config, isLoopback } from './config.ts';
import { answering, calling } from './core/channel.ts';
import type { Draft, RegistryChange, Tick } from './core/envelope.ts';
import { fail, failure } from './core/failure.ts';
import { deviceSchema, type Town, townSchema } from './core/town.ts';
import { lockFolder } from './log/lock.ts';

const tickMs = 1_000;
/** The plant hears of a new durable end at most that often. */
const durableNewsMs = 20;
/** Pause before a plant that ended is started again: it doubles from the one to the other, and starts anew after a quiet minute. */
const restartMsMin = 200;
const restartMsMax = 10_000;

/** glibc gives each thread an arena of its own and keeps what it frees: two are enough, and take half the memory. */
const fewArenas = { MALLOC_ARENA_MAX: '2' };

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

/**
 * Opens the gate of a data folder.
 * @throws FailureError `data-in-use`, `data-not-writable`, `port-taken`, `town-invalid`, `newer-version`, `log-corrupt`
 */
export const openGate = async (config: Config): Promise<Gate> => {
  const logger = pino({ level: config.logLevel, base: { role: 'gate' } });
  const given = config.town === undefined ? null : await readTown(config.town);
  const lock = await lockFolder(config.data);
  const log = await openLog(config);
  if (log.recovered.tornBytes > 0 || log.recovered.corrupt > 0) logger.warn(log.recovered, 'the log was not closed properly');

  let town = (await appliedTown(config.data)) ?? townSchema.parse({ name: 'Town', zone: 'Europe/Paris', admission: 'open' });
  let senders = sendersOf(town);
  const append = (one: Draft): Promise<number> => new Promise((resolve) => log.append(one, (offset) => resolve(offset)));
  const apply = async (next: Town): Promise<number> => {
    const offset = await append(draft('registry', JSON.stringify({ action: 'apply', town: next })));
    town = next;
    senders = sendersOf(next);
    await writeFile(appliedFile(config.data), JSON.stringify(next));
    return offset;
  };
  const change = async (one: RegistryChange): Promise<number> => {
    if (one.action === 'apply') return apply(townSchema.parse(one.town));
    return append(draft('registry', JSON.stringify({ action: 'adopt', device: deviceSchema.parse(one.device) })));
  };

  let door: Door | undefined;
  const checkOpen = (): void => {
    if (town.admission === 'open' && !isLoopback(config.mqttHost))
      throw fail('not-loopback', `the town admits anybody, and the door would listen on ${config.mqttHost}`, 'admission');
  };
  // The door counts from its own opening, a tick since the log began.
  const droppedBefore = (await newestTick(config.data))?.qos0Dropped ?? 0;
  let diskFreeBytes = -1;
  let lastTick: Tick | null = null;
  const tick = (): void => {
    const counters = door?.counters();
    const qos0Dropped = droppedBefore + (counters?.qos0Dropped ?? 0);
    lastTick = { wall: Date.now(), qos0Dropped, held: log.held.envelopes, connections: counters?.connections ?? 0, diskFreeBytes };
    log.append(draft('tick', JSON.stringify(lastTick)));
    statfs(config.data).then(
      ({ bavail, bsize }) => {
        diskFreeBytes = bavail * bsize;
      },
      () => {
        diskFreeBytes = -1;
      },
    );
  };
  tick(); // the first envelope of a session: the time until here was not open
  if (given !== null && !isDeepStrictEqual(given, town)) await apply(given);
  else if (log.durableEnd === 0) await apply(town);

  checkOpen();
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
  const ticking = setInterval(tick, tickMs);

  const gateCalls: GateCalls = {
    change,
    publish: async (topic, payload, retain) => door?.publishPublic(topic, payload, retain),
  };
  const plant = superviseThePlant(config, logger, gateCalls, (send) => {
    let due = false;
    const tell = (): void => {
      due = false;
      send({ logEnd: log.durableEnd, gate: lastTick, trouble: log.trouble });
    };
    const news = (): void => {
      if (due) return;
      due = true;
      setTimeout(tell, durableNewsMs);
    };
    log.onDurable(news);
    return tell;
  });

  const control: Control = {
    change,
    async append(drafts) {
      const offsets = await Promise.all(drafts.map(({ kind, subject, payload }) => append(draft(kind, payload, subject))));
      return (offsets.at(-1) ?? log.durableEnd - 1) + 1;
    },
    view: (name, args) => plant.view(name, args),
    addresses: async () => ({ http: await plant.http, mqtt: door.port }),
  };
  const socket = await listenControl(config.data, control);

  return {
    mqttPort: door.port,
    town: () => town,
    http: plant.http,
    logger,
    async close() {
      clearInterval(ticking);
      socket.close();
      await door.close();
      tick(); // what was dropped since the last one
      await log.flush();
      await plant.close();
      await log.close();
      await lock.release();
    },
  };
};

interface Watched {
  readonly http: Promise<string>;
  view(name: string, args: readonly unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

/** Starts the plant, and starts it again whenever it ends. The gate goes on accepting all the while. */
const superviseThePlant = (config: Config, logger: Logger, calls: GateCalls, onNews: (send: (message: ToPlant) => void) => () => void): Watched => {
  let child: ChildProcess | null = null;
  let stopping = false;
  let restartMs = restartMsMin;
  let startedAt = 0;
  const { promise: http, resolve, reject } = Promise.withResolvers<string>();
  http.catch(() => {});
  let wasReady = false;
  let ended: () => void = () => {};

  const send = (message: ToPlant): void => {
    if (child?.connected === true) child.send(message);
  };
  const asked = calling<{ view(name: string, args: readonly unknown[]): Promise<unknown> }>(send);
  const answer = answering(calls, send);
  const tell = onNews(send);

  const start = (): void => {
    startedAt = Date.now();
    child = fork(new URL('./cli/plant.ts', import.meta.url), [JSON.stringify(config)], {
      execArgv: ['--max-semi-space-size=16'],
      serialization: 'advanced',
      env: { ...process.env, ...fewArenas },
    });
    child.on('spawn', tell);
    child.on('message', (message: FromPlant) => {
      if ('ready' in message) {
        wasReady = true;
        logger.info(message.ready, 'the plant is up');
        resolve(message.ready.url);
        tell();
      } else if ('broken' in message) {
        logger.error({ why: message.broken }, 'the plant failed');
        if (!wasReady && /port-taken|newer-version|bad-setting/.test(message.broken)) reject(new Error(message.broken));
      } else {
        answer(message);
        asked.receive(message);
      }
    });
    child.on('exit', (code, signal) => {
      asked.abort(failure('unavailable', 'the plant ended'));
      child = null;
      if (stopping) return ended();
      if (Date.now() - startedAt > 60_000) restartMs = restartMsMin;
      logger.warn({ code, signal, restartMs }, 'the plant ended; it is started again');
      setTimeout(() => stopping || start(), restartMs);
      restartMs = Math.min(restartMs * 2, restartMsMax);
    });
  };
  start();

  return {
    http,
    view: (name, args) => asked.remote.view(name, args),
    async close() {
      stopping = true;
      if (child === null) return;
      const done = new Promise<void>((resolveEnded) => {
        ended = resolveEnded;
      });
      send({ stop: true });
      await done;
    },
  };
};
