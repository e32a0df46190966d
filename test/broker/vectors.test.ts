/** Runs the conformance vectors over TCP against both fronts, and some over WebSocket; after each, a bystander is served. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { connectPacket, pingPacket, publishPacket } from '../../simulators/mqtt-packets.ts';
import { fronts, type MadeDoor, makeDoor } from './made-door.ts';
import { connectVectors } from './vectors/connect.ts';
import { publishVectors } from './vectors/publish.ts';
import { subscribeVectors } from './vectors/subscribe.ts';
import type { Vector } from './vectors/vector.ts';
import { Wire } from './wire.ts';

const vectors: readonly Vector[] = [...connectVectors, ...publishVectors, ...subscribeVectors];
const credential = { id: 'meter-1', secretSha256: createHash('sha256').update('s3cret').digest('hex') };

/** Sends a vector. @returns what came, and whether the server closed */
const run = async (vector: Vector, open: () => Promise<Wire>): Promise<{ readonly answer: string; readonly closed: boolean }> => {
  const wire = await open();
  try {
    if (vector.raw !== true) {
      wire.send(connectPacket({ clientId: 'vector' }));
      await wire.until(4);
      wire.received = wire.received.subarray(4);
    }
    for (const part of vector.send) {
      wire.send(part);
      if (part.length === 1) await new Promise((resolve) => setImmediate(resolve));
      else if (part !== vector.send.at(-1)) await wire.until(wire.received.length + 1);
    }
    const bytes = vector.answer.length / 2;
    if (vector.closes) await wire.whenClosed;
    else {
      await wire.until(bytes);
      // The answer to this one comes after whatever else would.
      wire.send(pingPacket);
      await wire.until(bytes + 2);
    }
    const received = wire.received.toString('hex');
    return { answer: vector.closes ? received : received.replace(/d000$/, ''), closed: vector.closes ? wire.closed : !received.endsWith('d000') };
  } finally {
    if (vector.dies === true) wire.abort();
    wire.socket.destroy();
    await wire.whenClosed;
  }
};

describe.each([...fronts.map((front) => ({ front, over: 'tcp' })), { front: 'scanner' as const, over: 'ws' }])(
  'vectors: $front over $over',
  ({ front, over }) => {
    let made: MadeDoor;
    let bystander: Wire;
    beforeAll(async () => {
      made = await makeDoor({
        front,
        wsPort: over === 'ws' ? 0 : null,
        admission: { policy: 'open', lookup: (name) => (name === 'meter-1' ? credential : undefined) },
      });
      bystander = await Wire.greeted(made.door.port, { clientId: 'bystander' });
    });
    afterAll(async () => {
      bystander.socket.destroy();
      await made.door.close();
    });

    const open = (): Promise<Wire> => (over === 'ws' ? Wire.openWebSocket(made.door.wsPort as number) : Wire.open(made.door.port));

    // Every eighth is enough to see that frames of WebSocket are bytes of a stream.
    it.each(
      vectors
        .filter(({ only }, n) => (over === 'tcp' || n % 8 === 0) && (only ?? front) === front)
        .map((vector) => [vector.clause, vector.what, vector] as const),
    )('[%s] %s', async (_clause, _what, vector) => {
      const before = made.door.counters().messages;
      const found = await run(vector, open);
      expect({ ...found, admitted: made.door.counters().messages - before }).toEqual({
        answer: vector.answer,
        closed: vector.closes,
        admitted: vector.admits ?? 0,
      });
      bystander.received = Buffer.alloc(0);
      bystander.send(publishPacket('city/v1/north/bystander/telemetry', '{}', 1, 77));
      expect((await bystander.until(4)).toString('hex')).toBe('4002004d');
    });
  },
);

test('each vector is there once', () => {
  const names = vectors.map(({ clause, what }) => `${clause} ${what}`);
  expect(names.filter((name, n) => names.indexOf(name) !== n)).toEqual([]);
  expect(vectors.length).toBeGreaterThan(120);
});
