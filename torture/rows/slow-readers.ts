/** Readers that do not read: a subscriber of the public topics, live streams, and pages; others must not feel them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { demoTownFile } from '../../cli/demo.ts';
import { residentMb } from '../../cli/resident.ts';
import type { Scope } from '../../core/scope.ts';
import { connectPacket, subscribePacket } from '../../simulators/mqtt-packets.ts';
import { freePort } from '../free-port.ts';
import { Gate, get, until } from '../gate.ts';
import { promisedOf, startLoad } from '../load.ts';
import { figuresOf, judge } from '../oracle.ts';
import type { Asked, Found, Row } from '../row.ts';

const ratePerSecond = 300;
const streams = 30;
const pages = 30;
const patient = 300_000;
/** A subscriber first has to fill its socket, some MB; from then on the drain time of the door runs, 3 s. */
const cutMsMax = 20_000;
const subscriptionsAtOnce = 20;
/** A SUBSCRIBE counts as many packets, so what is retained must be long for a few a second to fill a socket. */
const carParks = 500;
const othersMsP99Max = 1_000;
const streamGapMsMax = 3_000;
const pageMsMax = 5_000;
const grownMbMax = 150;

/** The demonstration town with many more rows that are public and retained. @returns its file */
const townOfCarParks = (folder: string): string => {
  const town = parse(readFileSync(demoTownFile, 'utf8')) as { devices: object[] };
  const more = Array.from({ length: carParks }, (_, n) => ({ id: `car-park-${n}`, type: 'car-park', site: 'parking-camille-desmoulins', capacity: 100 }));
  const file = join(folder, 'town.json');
  writeFileSync(file, JSON.stringify({ ...town, devices: [...town.devices, ...more] }));
  return file;
};

/** A socket that asks and never reads. */
const deaf = (scope: Scope, port: number, bytes: Buffer | string): Socket => {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.pause();
  socket.write(bytes);
  scope.add(() => socket.destroy());
  return socket;
};

/** Reads a live stream as it should be read. @returns the longest time without a word so far, ms */
const goodStream = async (scope: Scope, url: string): Promise<() => number> => {
  const aborted = new AbortController();
  scope.add(() => aborted.abort());
  const answer = await fetch(url, { signal: aborted.signal });
  let [last, longest] = [performance.now(), 0];
  const read = async (): Promise<void> => {
    for await (const _ of answer.body ?? []) {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
  };
  read().catch(() => {}); // it ends with the scope, and a stream that falls silent shows below
  return () => Math.max(longest, performance.now() - last);
};

/** Subscribes without reading, and again and again, so that what is retained fills its socket. @returns ms until it was cut; null: it was not */
const frozenSubscriber = async (scope: Scope, port: number): Promise<number | null> => {
  const socket = deaf(scope, port, connectPacket({ clientId: 'frozen', keepalive: 600 }));
  let isCut = false;
  socket.on('close', () => {
    isCut = true;
  });
  const from = performance.now();
  let id = 1;
  while (!isCut && performance.now() - from < cutMsMax) {
    for (let n = 0; n < subscriptionsAtOnce && socket.writableLength < 65_536; n++) socket.write(subscribePacket(['city/v1/public/#'], (id++ % 65_535) + 1));
    await delay(2);
  }
  return isCut ? performance.now() - from : null;
};

const run = async (asked: Asked): Promise<Found> => {
  const { trials, scope, bad, busy, say } = asked;
  const data = asked.folder('data');
  const town = townOfCarParks(asked.folder('town'));
  const limits = bad ? { OCTROI_DOOR_LIMITS: JSON.stringify({ drainTimeoutMs: 3_600_000 }) } : {};
  const [mqttPort, httpPort] = [await freePort(), await freePort()];
  const gate = Gate.in(scope, { data, mqttPort, httpPort, env: { OCTROI_LOG_LEVEL: 'fatal', OCTROI_TOWN: town, ...limits } });
  await gate.start();
  await until('the pages are up', patient, async () => (await get(`${gate.http}/health/ready`)) !== '' && (await get(`${gate.http}/en`)).includes('<html'));
  const load = startLoad(scope, { port: mqttPort, connections: 20, messages: 10_000_000, ratePerSecond, firstAt: Date.now() - 86_400_000, stepMs: 10_000 });
  await until('acknowledgements', patient, () => load.acknowledged() > 500);
  const gap = await goodStream(scope, `${gate.http}/api/v1/events`);
  const faults: string[] = [];
  const before = residentMb([gate.pid, gate.plantPid]);
  let [cutMs, pageMs, grownMb] = [0, 0, 0];
  for (let trial = 0; trial < trials; trial++) {
    say(`round ${trial + 1} of ${trials}`);
    const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
    for (let n = 0; n < streams; n++) deaf(scope, httpPort, ask('/api/v1/events'));
    for (let n = 0; n < pages; n++) deaf(scope, httpPort, ask('/en'));
    const frozen = frozenSubscriber(scope, mqttPort);
    for (let second = 0; second < 5; second++) {
      const from = performance.now();
      if (!(await get(`${gate.http}/en`)).includes('<html')) faults.push('a page did not come');
      pageMs = Math.max(pageMs, performance.now() - from);
      grownMb = Math.max(grownMb, residentMb([gate.pid, gate.plantPid]) - before);
      await delay(500);
    }
    const cut = await frozen;
    if (cut === null || (!busy && cut > cutMsMax)) faults.push('a subscriber that does not read was not cut');
    cutMs = Math.max(cutMs, cut ?? 0);
  }
  if (!busy && pageMs > pageMsMax) faults.push(`a page took ${Math.round(pageMs)} ms`);
  if (!busy && gap() > streamGapMsMax) faults.push(`a live stream that is read was silent for ${Math.round(gap())} ms`);
  if (grownMb > grownMbMax) faults.push(`memory grew by ${Math.round(grownMb)} MB`);
  load.stop();
  const result = await load.result;
  if (!busy && result.latencyMsP99 > othersMsP99Max) faults.push(`devices wait: p99 ${Math.round(result.latencyMsP99)} ms`);
  if (result.reconnects > 0) faults.push(`${result.reconnects} connections of devices were lost`);
  const streamGapMs = Math.round(gap());
  await gate.stop();
  const judged = await judge(data, { promised: promisedOf(load.options, result) });
  const figures = {
    cutMs: Math.round(cutMs),
    pageMs: Math.round(pageMs),
    streamGapMs,
    latencyMsP99: Math.round(result.latencyMsP99),
    grownMb: Math.round(grownMb),
  };
  return { faults: [...faults, ...judged.faults], figures: { ...figures, ...figuresOf(judged) } };
};

export const slowReaders: Row = {
  name: 'slow-readers',
  what: 'a subscriber of the public topics, 30 live streams and 30 pages that are asked for and never read',
  promise:
    'the subscriber is cut within 20 s, most of which it takes to fill its socket; devices, pages and streams of others go on (p99 1 s, 5 s, no silence of 3 s); memory grows by 150 MB at the most',
  control: 'a subscriber may leave its socket full for an hour',
  trials: { quick: 1, full: 20 },
  run,
};
