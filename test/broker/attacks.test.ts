/** The attacks that brokers have died of, each against a gate process of its own: its memory stays bounded, and a bystander is served. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import gateHeap from '../../bin/gate-heap.json' with { type: 'json' };
import type { DoorLimits } from '../../broker/limits.ts';
import { connectPacket, lengthBytes, packet, pingPacket, publishPacket, subscribePacket, text } from '../../simulators/mqtt-packets.ts';
import type { Ask } from './gate-process.ts';
import { Wire } from './wire.ts';

/** What an attack may add to the memory of the gate, at its peak. */
const grownMbMax = 30;
const topic = 'city/v1/north/meter-1/telemetry';
const floodMs = 1_000;

interface Gate {
  readonly child: ChildProcess;
  readonly port: number;
  readonly folder: string;
}

const gates: Gate[] = [];
afterEach(async () => {
  for (const { child, folder } of gates.splice(0)) {
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  }
});

const startGate = async (limits: Partial<DoorLimits>): Promise<Gate> => {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-attack-'));
  const child = fork(new URL('gate-process.ts', import.meta.url), [folder, JSON.stringify(limits)], {
    execArgv: ['--disable-warning=ExperimentalWarning', ...gateHeap],
  });
  const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }];
  const gate = { child, port, folder };
  gates.push(gate);
  return gate;
};

const memoryMb = ({ child }: Gate, field: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;

/** Publishes at QoS 1 every 20 ms, one at a time. */
class Bystander {
  readonly latenciesMs: number[] = [];
  #stopped = false;
  #done: Promise<void> = Promise.resolve();
  #wire: Wire | null = null;

  async start(port: number): Promise<void> {
    const wire = await Wire.greeted(port, { clientId: 'bystander' });
    this.#wire = wire;
    this.#done = (async () => {
      while (!this.#stopped && !wire.closed) {
        const since = performance.now();
        wire.received = Buffer.alloc(0);
        wire.send(publishPacket('city/v1/north/bystander/telemetry', '{}', 1, 5));
        if ((await wire.until(4)).length < 4) return;
        this.latenciesMs.push(performance.now() - since);
        await delay(20);
      }
    })();
  }

  /** Waits for its last acknowledgement. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    expect(this.#wire?.closed).toBe(false);
    this.#wire?.socket.destroy();
  }
}

const all = <T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: count }, (_, n) => make(n)));

/** Writes as fast as it is taken, until the time is over or the connection. */
const pour = async (wire: Wire, bytes: Buffer, ms: number): Promise<void> => {
  const endsAt = performance.now() + ms;
  while (performance.now() < endsAt && !wire.closed && !wire.socket.destroyed) {
    if (wire.socket.write(bytes)) await new Promise((resolve) => setImmediate(resolve));
    else await Promise.race([once(wire.socket, 'drain').catch(() => {}), wire.whenClosed, delay(endsAt - performance.now())]);
  }
};

const many = (count: number, make: (n: number) => Buffer): Buffer => Buffer.concat(Array.from({ length: count }, (_, n) => make(n)));

/** What the town has published is no part of the attack. */
const retain = async ({ child }: Gate, topics: number): Promise<void> => {
  const kept = once(child, 'message');
  child.send({ retain: topics } satisfies Ask);
  await kept;
};

/** Ordinary load, so that what the process needs anyway is there before it is measured. */
const warmUp = async ({ port }: Gate): Promise<void> => {
  const devices = await all(20, () => Wire.greeted(port));
  const bytes = many(100, (n) => publishPacket(topic, '{"values":{"temperature":21.5}}', 1, n + 1));
  for (const device of devices) device.send(bytes);
  for (const device of devices) await device.until(400);
  // And large messages: Node lets go of buffers only from time to time.
  const large = publishPacket(topic, Buffer.alloc(200_000, 32), 1, 1);
  for (let round = 1; round <= 4; round++) {
    for (const device of devices) device.send(large);
    for (const device of devices) await device.until(400 + 4 * round);
  }
  for (const [n, device] of devices.entries()) {
    if (n % 2 === 0) device.abort();
    else device.socket.destroy();
  }
};

interface Attack {
  readonly limits?: Partial<DoorLimits>;
  /** Topics that the town has published before. Default 0. */
  readonly retained?: number;
  readonly run: (gate: Gate, ask: (ask: Ask) => void) => Promise<unknown>;
}

const attacks: Readonly<Record<string, Attack>> = {
  'claims of 256 MB before CONNECT, 20 sockets': {
    run: ({ port }) =>
      all(20, async (n) => {
        const wire = await Wire.open(port);
        wire.send(Buffer.concat([Buffer.from([n % 2 === 0 ? 0x10 : 0x30]), lengthBytes(255_000_000)]));
        await pour(wire, Buffer.alloc(1_000_000), floodMs);
        await wire.whenClosed;
      }),
  },
  'claims of 256 MB after CONNECT, 20 sockets': {
    run: ({ port }) =>
      all(20, async () => {
        const wire = await Wire.greeted(port);
        wire.send(Buffer.concat([Buffer.from([0x32]), lengthBytes(255_000_000)]));
        await pour(wire, Buffer.alloc(1_000_000), floodMs);
        await wire.whenClosed;
      }),
  },
  'packets that do not end: 120 of 250 kB': {
    run: async ({ port }) => {
      const wires = await all(120, () => Wire.greeted(port));
      const half = Buffer.concat([Buffer.from([0x32]), lengthBytes(256_000), text('a'), Buffer.alloc(250_000)]);
      for (const wire of wires) wire.send(half);
      await delay(floodMs);
      for (const wire of wires) wire.socket.destroy();
    },
  },
  'packets in pieces of one byte, 20 connections': {
    run: async ({ port }) => {
      const wires = await all(20, () => Wire.greeted(port));
      for (const wire of wires) wire.send(Buffer.concat([Buffer.from([0x32]), lengthBytes(200_000)]));
      for (let n = 0; n < 2_000; n++) {
        for (const wire of wires) wire.socket.write(Buffer.from([0]));
        if (n % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      for (const wire of wires) wire.socket.destroy();
    },
  },
  'a slow CONNECT, 500 sockets': {
    limits: { connectTimeoutMs: 1_000 },
    run: async ({ port }) => {
      const wires = await all(500, () => Wire.open(port));
      for (const byte of connectPacket().subarray(0, 5)) {
        for (const wire of wires) if (!wire.closed) wire.send(Buffer.from([byte]));
        await delay(100);
      }
      await Promise.all(wires.map(({ whenClosed }) => whenClosed));
    },
  },
  'a flood of QoS 1 whose acknowledgements are not read': {
    run: ({ port }) =>
      all(2, async () => {
        const wire = await Wire.greeted(port);
        wire.socket.pause();
        await pour(
          wire,
          many(5_000, (n) => publishPacket('a', 'x', 1, n + 1)),
          floodMs,
        );
        wire.socket.destroy();
      }),
  },
  'a flood of QoS 0 by 8': {
    run: ({ port }) =>
      all(8, async () => {
        const wire = await Wire.greeted(port);
        await pour(
          wire,
          many(5_000, () => publishPacket(topic, '{"values":{}}', 0)),
          floodMs,
        );
        wire.socket.destroy();
      }),
  },
  'a flood of PINGREQ whose answers are not read': {
    run: ({ port }) =>
      all(4, async () => {
        const wire = await Wire.greeted(port);
        wire.socket.pause();
        await pour(
          wire,
          many(10_000, () => pingPacket),
          floodMs,
        );
        wire.socket.destroy();
      }),
  },
  'half-open QoS 2: 5 clients of 100 messages of 200 kB': {
    run: ({ port }) =>
      all(5, async () => {
        const wire = await Wire.greeted(port);
        for (let n = 1; n <= 100; n++) {
          wire.send(publishPacket(topic, Buffer.alloc(200_000, 32), 2, n));
          await wire.until(4 * n);
        }
        expect(wire.received.length).toBe(400);
        wire.socket.destroy();
      }),
  },
  'retained messages of 20,000 topics': {
    run: ({ port }) =>
      all(4, async (client) => {
        const wire = await Wire.greeted(port);
        for (let round = 0; round < 5; round++) {
          wire.send(many(1_000, (n) => publishPacket(`city/v1/public/r/${client}/${round}/${n}`, 'x'.repeat(100), 1, n + 1, false, true)));
          await wire.until(4_000 * (round + 1));
        }
        wire.socket.destroy();
      }),
  },
  'subscriptions: 100 packets of 1,500 filters, and 40 levels of +': {
    run: async ({ port }) => {
      const wire = await Wire.greeted(port);
      const bomb = subscribePacket(Array.from({ length: 1_500 }, (_, n) => `b${n.toString(36)}`));
      for (let n = 1; n <= 100; n++) {
        wire.send(bomb);
        await wire.until(1_505 * n);
      }
      wire.send(many(500, (n) => subscribePacket([`city/v1/public/${'+/'.repeat(40)}${n}`], n + 1)));
      await delay(200);
      wire.socket.destroy();
    },
  },
  'the same SUBSCRIBE 20,000 times, by 8 that do not read, with 2,000 retained topics': {
    retained: 2_000,
    run: async ({ port }) => {
      await all(8, async () => {
        const wire = await Wire.greeted(port);
        wire.socket.pause();
        wire.send(many(20_000, (n) => subscribePacket(['city/v1/public/#'], n + 1)));
        await delay(floodMs);
        wire.socket.destroy();
      });
    },
  },
  'filters that match none of 5,000 retained topics, again and again, by 8': {
    retained: 5_000,
    run: async ({ port }) => {
      const filters = Array.from({ length: 20 }, (_, n) => `city/v1/public/+/+/${n}`);
      await all(8, async () => {
        const wire = await Wire.greeted(port);
        wire.send(many(1_000, (n) => subscribePacket(filters, n + 1)));
        await delay(floodMs);
        wire.socket.destroy();
      });
    },
  },
  'subscribers that do not read, under a feed': {
    run: async ({ port, child }, ask) => {
      const wires = await all(20, () => Wire.greeted(port));
      for (const wire of wires) {
        wire.send(subscribePacket(['city/v1/public/#']));
        await wire.until(5);
        wire.socket.pause();
      }
      const fed = once(child, 'message');
      ask({ feed: 4_000 });
      await fed;
      for (const wire of wires) wire.socket.destroy();
    },
  },
  'takeovers of one client id: 300': {
    run: async ({ port }) => {
      for (let n = 0; n < 300; n++) (await Wire.greeted(port, { clientId: 'one' })).abort();
    },
  },
  'connect with a will, subscribe, die: 500': {
    run: async ({ port }) => {
      for (let n = 0; n < 500; n++) {
        const wire = await Wire.greeted(port, { clientId: `churn-${n}`, clean: false, will: { topic, payload: 'x'.repeat(1_000) } });
        wire.send(subscribePacket([`city/v1/public/${n}`]));
        await wire.until(5);
        wire.abort();
      }
    },
  },
  'garbage: 300 sockets of 1 MB': {
    run: ({ port }) =>
      all(300, async (n) => {
        const wire = await Wire.open(port);
        await pour(wire, Buffer.alloc(1_000_000, n % 256), 200);
        wire.socket.destroy();
      }),
  },
  'while the log is stuck: 200 clients send 200 kB each, and die, again and again': {
    limits: { heldEnvelopesMax: 10, waitingBytesMax: 4 * 1024 * 1024 },
    run: async ({ port }, ask) => {
      ask({ stuck: true });
      const message = packet(0x32, Buffer.concat([text(topic), Buffer.from([0, 1]), Buffer.alloc(200_000)]));
      for (let round = 0; round < 20; round++) {
        await all(10, async () => {
          const wire = await Wire.greeted(port);
          wire.send(message);
          await delay(20);
          wire.abort();
        });
      }
      ask({ stuck: false });
    },
  },
};

describe.skipIf(process.platform !== 'linux')('attacks', () => {
  test.each(Object.entries(attacks))('%s', async (name, { limits = {}, retained = 0, run }) => {
    const gate = await startGate(limits);
    await warmUp(gate);
    await retain(gate, retained);
    const bystander = new Bystander();
    await bystander.start(gate.port);
    await delay(300);
    const before = memoryMb(gate, 'VmRSS');
    // The peak is counted from here.
    writeFileSync(`/proc/${gate.child.pid}/clear_refs`, '5');
    bystander.latenciesMs.length = 0;
    const attacking = run(gate, (ask) => gate.child.send(ask));
    await attacking;
    const during = bystander.latenciesMs.length;
    await delay(200);
    const grownMb = memoryMb(gate, 'VmHWM') - before;
    await bystander.stop();
    const sorted = bystander.latenciesMs.toSorted((a, b) => a - b);
    const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
    console.log(
      `${name}: memory ${Math.round(before)} MB + ${Math.round(grownMb)} MB; bystander ${sorted.length} acknowledged, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`,
    );
    expect(gate.child.exitCode).toBeNull();
    expect(grownMb).toBeLessThan(grownMbMax);
    expect(sorted.length).toBeGreaterThan(during);
  });
});
