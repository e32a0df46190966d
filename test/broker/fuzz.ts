/**
 * A mutation fuzzer of the wire: packets of the vectors, mutated by a seeded generator, against a door of this process; after each
 * connection a bystander must get its PUBACK. By hand: `node test/broker/fuzz.ts --seconds 3600 --seed 7`, or `--seed 7 --only 1234` for one
 * iteration again.
 */
import { Buffer } from 'node:buffer';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { connectPacket, lengthBytes, publishPacket } from '../../simulators/mqtt-packets.ts';
import { fronts, makeDoor } from './made-door.ts';
import { connectVectors } from './vectors/connect.ts';
import { publishVectors } from './vectors/publish.ts';
import { subscribeVectors } from './vectors/subscribe.ts';
import { Wire } from './wire.ts';

/** A bystander that waits longer has been hung, ms. */
const hangMs = 5_000;
/** How long the door may think about what it was sent before the connection is cut, ms. */
const lookMs = 2;
const seedBytesMax = 2_000;

const seeds: readonly Buffer[] = [...connectVectors, ...publishVectors, ...subscribeVectors].flatMap(({ send }) => {
  const all = Buffer.concat(send);
  return all.length > 0 && all.length <= seedBytesMax ? [all] : [];
});

type Random = (below: number) => number;

/** mulberry32: one stream of numbers for each pair of seed and iteration, so that any iteration can be run again by itself. */
const randomOf = (seed: number, iteration: number): Random => {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(iteration + 1, 0x85ebca6b)) | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
};

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T;

type Mutator = (bytes: Buffer, random: Random) => Buffer;

const changed = (bytes: Buffer, at: number, value: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
};

const mutators: readonly Mutator[] = [
  (bytes) => bytes,
  // One bit.
  (bytes, random) => {
    const at = random(bytes.length);
    return changed(bytes, at, (bytes[at] as number) ^ (1 << random(8)));
  },
  // A byte that often matters.
  (bytes, random) => changed(bytes, random(bytes.length), pick(random, [0, 1, 0x23, 0x24, 0x2b, 0x2f, 0x7f, 0x80, 0xff])),
  // A remaining length that lies, by a little or by a lot.
  (bytes, random) =>
    Buffer.concat([
      bytes.subarray(0, 1),
      lengthBytes(Math.max(0, bytes.length - 2 + pick(random, [-3, -1, 1, 2, 100, 70_000, 300_000, 260_000_000]))),
      bytes.subarray(2),
    ]),
  // A two-byte length or packet id somewhere that lies.
  (bytes, random) => {
    const at = random(bytes.length);
    return changed(changed(bytes, at, pick(random, [0, 0xff])), Math.min(at + 1, bytes.length - 1), pick(random, [0, 1, 0xff]));
  },
  // Cut.
  (bytes, random) => bytes.subarray(0, 1 + random(bytes.length)),
  // Without its beginning.
  (bytes, random) => bytes.subarray(random(bytes.length)),
  // Spliced with another.
  (bytes, random) => Buffer.concat([bytes.subarray(0, random(bytes.length)), pick(random, seeds).subarray(random(4))]),
  // Repeated.
  (bytes, random) => Buffer.concat(Array<Buffer>(1 + random(20)).fill(bytes)),
  // A piece repeated within.
  (bytes, random) => {
    const at = random(bytes.length);
    const end = at + 1 + random(bytes.length - at);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end)]);
  },
  // Noise.
  (bytes, random) => Buffer.from(Array.from({ length: 1 + (bytes.length % 40) }, () => random(256))),
];

interface Case {
  readonly greeted: boolean;
  readonly bytes: Buffer;
  /** Lengths of the pieces in which it is written; the rest is the last. */
  readonly piece: number;
  readonly dies: boolean;
}

/** The connection that an iteration makes. */
export const caseOf = (seed: number, iteration: number): Case => {
  const random = randomOf(seed, iteration);
  const packets = Array.from({ length: 1 + random(4) }, () => {
    let bytes = pick(random, seeds);
    for (let n = random(3); n >= 0 && bytes.length > 0; n--) bytes = pick(random, mutators)(bytes, random);
    return bytes;
  });
  return { greeted: random(4) > 0, bytes: Buffer.concat(packets), piece: pick(random, [1, 7, 100, 100_000, 100_000, 100_000]), dies: random(2) === 0 };
};

const within = async (done: Promise<unknown>, ms: number): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([done.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
};

const attack = async (port: number, { greeted, bytes, piece, dies }: Case): Promise<void> => {
  const wire = await Wire.open(port);
  if (greeted) wire.send(connectPacket({ clientId: 'fuzz' }));
  // At most 50 pieces of their own; the rest in one.
  const split = Math.min(bytes.length, piece * 50);
  for (let at = 0; at < split && !wire.closed; at += piece) {
    wire.send(bytes.subarray(at, Math.min(split, at + piece)));
    if (piece < 100_000) await new Promise((resolve) => setImmediate(resolve));
  }
  if (split < bytes.length) wire.send(bytes.subarray(split));
  await within(wire.whenClosed, lookMs);
  if (dies) wire.abort();
  else wire.socket.destroy();
};

export interface FuzzResult {
  readonly iterations: number;
  /** Null where the door stood; otherwise what went wrong, with the seed, the iteration and its bytes. */
  readonly failure: string | null;
  readonly slowestMs: number;
  /** Connections left after the last one. */
  readonly left: number;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly front?: (typeof fronts)[number];
  readonly from?: number;
  /** Ends at whichever comes first. */
  readonly iterationsMax?: number;
  readonly seconds?: number;
}

/** Attacks a door of its own. */
export const fuzz = async ({
  seed,
  front = 'scanner',
  from = 0,
  iterationsMax = Number.POSITIVE_INFINITY,
  seconds = Number.POSITIVE_INFINITY,
}: FuzzOptions): Promise<FuzzResult> => {
  // A log that keeps nothing, so that memory tells of the door.
  const made = await makeDoor({ front, ingest: (_draft, settled) => setImmediate(settled) });
  const bystander = await Wire.greeted(made.door.port, { clientId: 'bystander' });
  const crashes: unknown[] = [];
  const note = (error: unknown): void => void crashes.push(error);
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  const endsAt = performance.now() + seconds * 1000;
  let [iterations, slowestMs, failure]: [number, number, string | null] = [0, 0, null];
  while (failure === null && iterations < iterationsMax && performance.now() < endsAt) {
    const iteration = from + iterations++;
    const one = caseOf(seed, iteration);
    await attack(made.door.port, one);
    const since = performance.now();
    bystander.received = Buffer.alloc(0);
    bystander.send(publishPacket('city/v1/north/bystander/telemetry', '{}', 1, 1 + (iteration % 65_535)));
    const served = await within(bystander.until(4), hangMs);
    slowestMs = Math.max(slowestMs, performance.now() - since);
    const wrong =
      crashes.length > 0
        ? `an exception: ${String((crashes[0] as Error).stack ?? crashes[0])}`
        : served && !bystander.closed
          ? null
          : 'the bystander was not served';
    if (wrong !== null)
      failure = `${wrong}\nseed ${seed}, iteration ${iteration}, front ${front}, greeted ${one.greeted}, pieces of ${one.piece}\n${one.bytes.toString('hex')}`;
  }
  const endsBy = performance.now() + hangMs;
  while (made.door.counters().connections > 1 && performance.now() < endsBy) await new Promise((resolve) => setTimeout(resolve, 5));
  const left = made.door.counters().connections - 1;
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
  bystander.socket.destroy();
  await made.door.close();
  return { iterations, failure, slowestMs, left };
};

const byHand = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      front: { type: 'string', default: 'scanner' },
    },
  });
  const front = fronts.find((name) => name === values.front) ?? 'scanner';
  const range = values.only === undefined ? { seconds: Number(values.seconds) } : { from: Number(values.only), iterationsMax: 1 };
  const before = process.memoryUsage().rss;
  const { iterations, failure, slowestMs, left } = await fuzz({ seed: Number(values.seed), front, ...range });
  const grownMb = Math.round((process.memoryUsage().rss - before) / 2 ** 20);
  console.log(`${iterations} connections, slowest answer to the bystander ${Math.round(slowestMs)} ms, ${left} connections left, memory +${grownMb} MB`);
  if (failure === null) return;
  console.error(failure);
  process.exitCode = 1;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await byHand();
