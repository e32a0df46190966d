/** A gate starts on a log with millions of readings that its store has never seen: it takes readings at once, and catches up. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import { keepTown } from '../../cli/keep/town-file.ts';
import type { Tick } from '../../core/envelope.ts';
import { townSchema } from '../../core/town.ts';
import { openAppendFile } from '../../log/append-file-writer.ts';
import { loadReadingsPerMessage } from '../../simulators/load.ts';
import { loadSubject, loadTopic, publishTemplate, writePublish } from '../../simulators/load-packets.ts';
import { freePort } from '../free-port.ts';
import { Gate, metric, until } from '../gate.ts';
import { figuresOf, judge } from '../oracle.ts';
import { disk, diskShim } from '../rigs/shim.ts';
import type { Asked, Found, Row } from '../row.ts';

const devices = 500;
const readingsPerTrial = 100_000;
const openMsMax = 5_000;
const readingsPerSecondMin = 150_000;
/** Shorter runs are mostly start: they are held to less. */
const readingsPerSecondMinQuick = 12_000;
/** As often as somebody looks who waits for it: each look is answered before the pipeline goes on. */
const lookMs = 500;
const stepMs = 1_000;
/** A gate beats once a second. */
const messagesPerTick = 10_000;
/** Known-bad: each sync of the store takes so long, and it is synced after every slice. */
const slowUs = 1_500_000;

const town = townSchema.parse({ name: 'Town', zone: 'Europe/Paris', admission: 'open' });

/** Writes what the load generator would have sent, as the gate would have. */
const writeLog = async (data: string, messages: number, firstAt: number): Promise<void> => {
  const log = await openAppendFile({ folder: data, clock: Date.now, settings: { lingerMsMax: 0, compress: false } });
  const began = performance.now();
  const draft = { sender: '', qos: 1, dup: false, packetId: 1 } as const;
  log.append({
    ...draft,
    kind: 'registry',
    subject: '',
    topic: '',
    payload: Buffer.from(JSON.stringify({ action: 'apply', town })),
  });
  await keepTown(data, { town, at: 0, changing: null });
  const templates = Array.from({ length: devices }, (_, n) => publishTemplate(n, firstAt, 200));
  for (let message = 0; message < messages; message++) {
    const [n, seq] = [message % devices, Math.floor(message / devices)];
    const template = templates[n] as (typeof templates)[number];
    const bytes = Buffer.allocUnsafe(template.bytes.length);
    writePublish(bytes, 0, template, 1, firstAt + seq * stepMs, seq, false);
    log.append({ ...draft, kind: 'message', subject: loadSubject(n), sender: loadSubject(n), topic: loadTopic(n), payload: bytes.subarray(template.idAt + 2) });
    if (message % messagesPerTick === 0) {
      const tick: Tick = { wall: Date.now(), up: Math.round(performance.now() - began), qos0Dropped: 0, held: 0, connections: devices, diskFreeBytes: -1 };
      log.append({ ...draft, kind: 'tick', subject: '', sender: '', topic: '', payload: Buffer.from(JSON.stringify(tick)) });
      await log.flush();
    }
  }
  await log.flush();
  await log.close();
};

const run = async (asked: Asked): Promise<Found> => {
  const { trials, scope, bad, busy, full, say } = asked;
  const data = asked.folder('data');
  const messages = Math.round((trials * readingsPerTrial) / loadReadingsPerMessage / devices) * devices;
  const readings = messages * loadReadingsPerMessage;
  const firstAt = Date.now() - 86_400_000;
  say(`writing ${readings} readings to ${join(data, 'log')}`);
  await writeLog(data, messages, firstAt);
  const shim = bad ? diskShim(asked) : null;
  shim?.set(disk.storeSyncDelayUs, slowUs);
  const env = { OCTROI_COMMIT_MS: bad ? '50' : '1000', OCTROI_SNAPSHOT_MS: bad ? '1000' : '60000', OCTROI_LOG_LEVEL: 'fatal', ...shim?.env };
  const gate = Gate.in(scope, { data, mqttPort: await freePort(), httpPort: await freePort(), env });
  const began = performance.now();
  const openMs = await gate.start();
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
  await client.publishAsync('city/v1/a/late-1/telemetry', '{"values":{"no_such_quantity":1}}', { qos: 1 });
  const acceptedMs = performance.now() - began;
  await client.endAsync();
  const faults: string[] = [];
  if (!busy && acceptedMs > openMsMax) faults.push(`accepting after ${Math.round(acceptedMs)} ms`);
  const lags = new Set<number>();
  let first = null as { readonly at: number; readonly lag: number } | null;
  await until('the plant has caught up', 600_000, async () => {
    await delay(lookMs);
    const lag = await metric(gate, 'octroi_lag_envelopes');
    if (lag !== null && lag > 10) {
      lags.add(lag);
      first ??= { at: performance.now(), lag };
    }
    return lag !== null && lag <= 10;
  });
  const ended = performance.now();
  const { at, lag } = first ?? { at: began, lag: messages };
  const rate = Math.round((lag * loadReadingsPerMessage * 1_000) / (ended - at));
  const least = full ? readingsPerSecondMin : readingsPerSecondMinQuick;
  if (!busy && rate < least) faults.push(`caught up at ${rate} readings a second, ${least} are promised`);
  if (full && lags.size < 3) faults.push('no progress was shown');
  await gate.stop();
  const told = Array.from({ length: messages / devices }, (_, seq) => seq);
  const promised = Array.from({ length: devices }, (_, n) => ({ subject: loadSubject(n), firstAt, stepMs, sent: told.length, told }));
  const judged = await judge(data, { promised, deadLetters: 1 });
  return {
    faults: [...faults, ...judged.faults],
    figures: {
      readings,
      openMs: Math.round(openMs),
      acceptedMs: Math.round(acceptedMs),
      readingsPerSecond: rate,
      progressSeen: lags.size,
      ...figuresOf(judged),
    },
  };
};

export const backlog: Row = {
  name: 'backlog',
  what: 'a start on a log of readings that the store has never seen (a trial is 100,000 of them: full is 5 million)',
  promise: 'accepting within 5 s; caught up at 150,000 readings a second or more (a short run: 12,000), with progress shown; every figure right',
  control: 'each sync of the store takes 1.5 s, and it commits as often as it can',
  trials: { quick: 3, full: 50 },
  controlTrials: 1,
  run,
};
