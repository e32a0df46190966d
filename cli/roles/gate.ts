/** `octroi start --role gate`: the door and the log on Kafka, one of any number. What is made of the readings is left to the plants. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import type { Door } from '../../broker/door.ts';
import { type Config, environmentName } from '../../config.ts';
import type { Draft } from '../../core/envelope.ts';
import { fail } from '../../core/failure.ts';
import { freshTown } from '../../core/town.ts';
import { lockFolder } from '../../log/lock.ts';
import { listenControl } from '../control.ts';
import { heartbeat } from '../gate/heartbeat.ts';
import { requirePorts, requireWritable } from '../gate/preflight.ts';
import { gateTown, requireLoopback } from '../gate/town.ts';
import { townDoor } from '../gate/town-door.ts';
import { gateWatch } from '../gate/watch.ts';
import { readTown } from '../keep/town-file.ts';
import { durably, ownDraft } from '../own-draft.ts';
import { checkKafka } from '../parts/kafka.ts';
import { serveHealth } from './health.ts';
import { followRetained } from './retained-topic.ts';
import type { Opened, Role } from './role.ts';
import { openSharedTown } from './shared-town.ts';
import { openTownLog } from './town-log.ts';

/**
 * Opens a gate. Its data folder holds its lock, its control socket and what it last knew of the town; no readings.
 * @throws FailureError `data-in-use`, `data-not-writable`, `port-taken`, `bad-setting`, `town-invalid`, `not-loopback`, `log-unreachable`, `log-denied`, `log-not-set-up`
 */
export const openGateRole = async (config: Config, opened: Opened): Promise<Role> => {
  if (config.log !== 'kafka') throw fail('bad-setting', 'a gate among many needs the log on Kafka', environmentName('log'));
  const logger = pino({ level: config.logLevel, base: { role: 'gate' } });
  const given = config.town === undefined ? null : await readTown(config.town);
  await requireWritable(config.data);
  const lock = await lockFolder(config.data);
  opened.add(() => lock.release());
  await requirePorts(config);
  await checkKafka(config);

  const shared = await openSharedTown(config);
  opened.add(() => shared.close());
  const isFresh = shared.town === null;
  const current = shared.town ?? freshTown;
  requireLoopback(given ?? current, config.mqttHost);
  const log = await openTownLog(config, shared.standing());
  opened.add(() => log.close());
  const append = (one: Draft): Promise<number> => durably(log, one);

  let door: Door | undefined;
  const town = gateTown({
    config,
    town: current,
    adopted: shared.adopted,
    async append(change) {
      const offset = await append(ownDraft('registry', JSON.stringify(change)));
      await shared.put(change);
      return offset;
    },
    recognise: (names) => door?.recognise(names),
    revoke: () => door?.revoke(),
  });
  // Clocks and counters are those of one opening: the pipeline tells gates apart by this name.
  const gate = randomUUID();
  const heart = await heartbeat({
    config,
    gate,
    log,
    watch: gateWatch(logger, config.diskReserveMb * 2 ** 20, () => {}),
    append: (body, durable) => log.append(ownDraft('tick', body), durable),
    door: () => door,
    plant: () => undefined,
    beaten: () => {},
  });
  heart.beat();
  if (given !== null && (isFresh || !isDeepStrictEqual(given, current))) await town.apply(given);
  else if (isFresh) await town.apply(current);
  shared.follow(town.hear);

  door = await townDoor(config, town, (one, settled) => log.append(one, settled));
  opened.add(async () => {
    await door?.close();
    heart.beat(); // what was dropped since the last one
  });
  heart.start();
  opened.add(() => heart.stop());
  const retained = await followRetained(config, door, logger);
  opened.add(() => retained.close());

  const health = await serveHealth(config, () => log.trouble);
  opened.add(() => health.close());
  const mqtt = door.port;
  const socket = await listenControl(config.data, {
    change: town.change,
    async append(drafts) {
      await Promise.all(drafts.map(({ kind, subject, payload }) => append(ownDraft(kind, payload, subject))));
      return log.durableEnd;
    },
    view: async () => {
      throw fail('unavailable', 'a gate among many knows no figures', 'OCTROI_ROLE');
    },
    durableEnd: async () => log.durableEnd,
    addresses: async () => ({ http: health.url, mqtt }),
  });
  opened.add(() => socket.close());
  return { http: health.url, mqttPort: mqtt };
};
