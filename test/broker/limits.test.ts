/** Each limit of the door is reached, seen in the counters, and costs nobody else anything. Those of single packets are in the vectors. */
import { afterEach, describe, expect, it, test } from 'vitest';
import type { DoorOptions } from '../../broker/door.ts';
import { doorLimitDefaults, limitsOf } from '../../broker/limits.ts';
import { connectPacket, lengthBytes, pingPacket, publishPacket, subscribePacket } from '../../simulators/mqtt-packets.ts';
import { fronts, type MadeDoor, makeDoor, until } from './made-door.ts';
import { Wire } from './wire.ts';

const topic = 'city/v1/north/meter-1/telemetry';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const open = async (options: Partial<DoorOptions>): Promise<MadeDoor> => {
  const made = await makeDoor(options);
  closing.push(() => made.door.close());
  return made;
};

const wire = async ({ door }: MadeDoor, options: Parameters<typeof Wire.greeted>[1] = {}): Promise<Wire> => {
  const made = await Wire.greeted(door.port, options);
  closing.push(() => made.socket.destroy());
  return made;
};

/** A bystander's message is acknowledged. */
const serves = async (made: MadeDoor): Promise<void> => {
  const bystander = await wire(made);
  bystander.send(publishPacket(topic, '{}', 1, 9));
  expect((await bystander.until(4)).toString('hex')).toBe('40020009');
};

/** The first bytes of a PUBLISH whose rest never comes. */
const unfinished = (claimed: number, sent: number): Buffer => {
  const head = Buffer.concat([Buffer.from([0x32]), lengthBytes(claimed), Buffer.from([0, 1, 97, 0, 1])]);
  return Buffer.concat([head, Buffer.alloc(sent - head.length)]);
};

test('packetsPerSubscribe: who subscribes again and again is read more slowly, alone', async () => {
  const made = await open({ limits: { ratePerDeviceMax: 100, packetsPerSubscribe: 10 } });
  const greedy = await wire(made);
  for (let n = 0; n < 15; n++) greedy.send(subscribePacket(['city/v1/public/a'], n + 1));
  await until(() => made.door.counters().slowed.ratePerDeviceMax === 1);
  expect(greedy.received.length).toBeLessThanOrEqual(11 * 5);
  await serves(made);
  expect((await greedy.until(15 * 5)).length).toBe(15 * 5);
});

describe.each(fronts)('limits: %s', (front) => {
  it('inFlightBytesPerClientMax: reads no further, cuts nobody off', async () => {
    const made = await open({ front, limits: { inFlightBytesPerClientMax: 50_000 } });
    made.log.setTrouble('slow');
    const device = await wire(made);
    for (let n = 0; n < 40; n++) device.send(publishPacket(topic, Buffer.alloc(10_000, 32), 1, n + 1));
    await until(() => made.door.counters().slowed.inFlightBytesPerClientMax === 1);
    const { heldBytes } = made.door.counters();
    expect(heldBytes).toBeGreaterThan(50_000);
    // aedes takes all of a chunk before it stops.
    expect(heldBytes).toBeLessThan(front === 'scanner' ? 60_001 : 150_000);
    made.log.setTrouble(null);
    expect((await device.until(160)).length).toBe(160);
    await serves(made);
  });

  it('heldBytesMax: QoS 0 is dropped by count, QoS 1 waits and is acknowledged', async () => {
    const made = await open({ front, limits: { heldBytesMax: 1_000 } });
    made.log.setTrouble('slow');
    const device = await wire(made);
    device.send(...Array.from({ length: 10 }, (_, n) => publishPacket(topic, Buffer.alloc(600), n % 2, n)), pingPacket);
    await device.until(2);
    expect(made.door.counters()).toMatchObject({ heldBytes: 1_200, messages: 2, qos0Dropped: 4, held: 6, waitingBytes: 4 * 600 });
    expect(made.door.counters().slowed.heldBytesMax).toBe(8);
    const leaving = await wire(made);
    leaving.send(publishPacket(topic, Buffer.alloc(600)), pingPacket);
    await leaving.until(2);
    expect(made.door.counters()).toMatchObject({ held: 7, waitingBytes: 5 * 600 });
    leaving.socket.destroy();
    await until(() => made.door.counters().waitingBytes === 4 * 600);
    expect(made.door.counters().held).toBe(6);
    made.log.setTrouble(null);
    expect((await device.until(2 + 5 * 4)).length).toBe(22);
    expect(made.door.counters()).toMatchObject({ heldBytes: 0, waitingBytes: 0, held: 0 });
  });

  it('waitingBytesMax: who adds to what waits is not read until it has drained', async () => {
    const made = await open({ front, limits: { heldEnvelopesMax: 1, waitingBytesMax: 30_000 } });
    made.log.setTrouble('full');
    const devices = await Promise.all(Array.from({ length: 4 }, () => wire(made, { keepalive: 1 })));
    for (const device of devices) for (let n = 0; n < 30; n++) device.send(publishPacket(topic, Buffer.alloc(20_000), 1, n + 1));
    await until(() => made.door.counters().slowed.waitingBytesMax === 4);
    expect(made.door.counters().waitingBytes).toBeLessThan(front === 'scanner' ? 200_001 : 500_000);
    // Whoever goes takes what waits of it along.
    devices[3]?.socket.destroy();
    made.log.setTrouble(null);
    for (const device of devices.slice(0, 3)) expect((await device.until(120)).length).toBe(120);
    await until(() => made.door.counters().connections === 3);
    expect(made.door.counters()).toMatchObject({ waitingBytes: 0, held: 0 });
  });

  it('qos2OpenPerClientMax: one more between PUBREC and PUBREL closes its connection', async () => {
    const made = await open({ front, limits: { qos2OpenPerClientMax: 3 } });
    const device = await wire(made);
    for (let n = 1; n <= 3; n++) device.send(publishPacket(topic, '{}', 2, n));
    expect((await device.until(12)).length).toBe(12);
    // Within the limit for ever: each PUBREL frees one.
    for (let n = 4; n <= 20; n++) {
      device.send(Buffer.from([0x62, 2, 0, n - 3]), publishPacket(topic, '{}', 2, n));
      await device.until(12 + (n - 3) * 8);
    }
    expect(device.received.length).toBe(148);
    expect(device.closed).toBe(false);
    device.send(publishPacket(topic, '{}', 2, 21));
    await device.whenClosed;
    expect(made.door.counters().refused).toEqual({ qos2OpenPerClientMax: 1 });
    await serves(made);
  });

  // aedes waits for each acknowledgement to be taken, reads no further, and its drainTimeoutMs ends it.
  it.runIf(front === 'scanner')('unreadAckBytesMax: who does not read its acknowledgements is closed, and alone', async () => {
    const made = await open({ front, limits: { unreadAckBytesMax: 4_096, ratePerDeviceMax: 10_000_000 } });
    const deaf = await wire(made);
    deaf.socket.pause();
    const many = Buffer.concat(Array.from({ length: 1_000 }, (_, n) => publishPacket('a', '', 1, n + 1)));
    // The kernel takes some megabytes before the door notices.
    while (made.door.counters().connections > 0) {
      if (!deaf.socket.write(many)) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(made.door.counters().refused).toEqual({ unreadAckBytesMax: 1 });
    await serves(made);
  });

  it('subscriptionsPerClientMax, clientIdCharsMax, userNameCharsMax are counted by their names', async () => {
    const made = await open({ front, limits: { subscriptionsPerClientMax: 1, clientIdCharsMax: 5, userNameCharsMax: 5 } });
    const device = await wire(made, { clientId: 'abcde' });
    device.send(subscribePacket(['city/v1/public/a', 'city/v1/public/b']));
    expect((await device.until(6)).toString('hex')).toBe('900400010080');
    for (const options of [{ clientId: 'abcdef' }, { clientId: 'b', userName: 'abcdef' }]) {
      const refused = await Wire.open(made.door.port);
      refused.send(connectPacket(options));
      await refused.whenClosed;
    }
    expect(made.door.counters().refused).toEqual({ subscriptionsPerClientMax: 1, clientIdCharsMax: 1, userNameCharsMax: 1 });
  });

  it('takes many packets behind a CONNECT without waiting for its CONNACK', async () => {
    const made = await open({ front });
    const device = await Wire.open(made.door.port);
    closing.push(() => device.socket.destroy());
    device.send(connectPacket(), ...Array.from({ length: 200 }, (_, n) => publishPacket(topic, '{}', 1, n + 1)), pingPacket);
    expect((await device.until(4 + 800 + 2)).length).toBe(806);
  });

  it('a repeated QoS 2 message is answered and not passed on again, settled or not', async () => {
    const made = await open({ front });
    made.log.setTrouble('slow');
    const device = await wire(made);
    device.send(publishPacket(topic, '{}', 2, 5), publishPacket(topic, '{}', 2, 5, true), pingPacket);
    await device.until(2);
    made.log.setTrouble(null);
    await device.until(10);
    device.send(publishPacket(topic, '{}', 2, 5, true));
    expect((await device.until(14)).toString('hex')).toBe('d000500200055002000550020005');
    expect(await made.envelopes()).toHaveLength(1);
    device.send(Buffer.from([0x62, 2, 0, 5]), publishPacket(topic, '{}', 2, 5));
    await device.until(22);
    expect(await made.envelopes()).toHaveLength(2);
  });
});

describe('packets that do not end (the scanner gathers them itself)', () => {
  it('packetTimeoutMs: closes who does not finish a packet, not who sends slowly many', async () => {
    const made = await open({ limits: { packetTimeoutMs: 700 } });
    const half = await wire(made);
    half.send(unfinished(200_000, 100));
    const slow = await wire(made);
    const packets = Buffer.concat(Array.from({ length: 40 }, (_, n) => publishPacket(topic, '{}', 1, n + 1)));
    const drip = (async () => {
      for (let at = 0; at < packets.length; at += 60) {
        slow.send(packets.subarray(at, at + 60));
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    })();
    await half.whenClosed;
    expect(made.door.counters().refused).toEqual({ packetTimeoutMs: 1 });
    await drip;
    expect((await slow.until(160)).length).toBe(160);
  });

  it('gatheredBytesMax: bounds what all unfinished packets hold, and lets whole ones pass', async () => {
    const made = await open({ limits: { gatheredBytesMax: 300_000, packetTimeoutMs: 1_500, connectTimeoutMs: 60_000 } });
    const stalled = await Promise.all(Array.from({ length: 10 }, () => wire(made)));
    for (const one of stalled) one.send(unfinished(200_000, 100_000));
    await until(() => made.door.counters().slowed.gatheredBytesMax > 0);
    // One chunk of the socket beyond the limit for each.
    expect(made.door.counters().gatheredBytes).toBeLessThan(300_000 + 10 * 65_536);
    await serves(made);
    const pieces = await wire(made);
    const small = publishPacket(topic, Buffer.alloc(3_000), 1, 3);
    const { gatheredBytes } = made.door.counters();
    pieces.send(small.subarray(0, 2_000));
    await until(() => made.door.counters().gatheredBytes >= gatheredBytes + 2_000);
    pieces.send(small.subarray(2_000));
    // Nobody's packet has ended, and none was given up.
    expect((await pieces.until(4)).toString('hex')).toBe('40020003');
    expect(made.door.counters().refused).toEqual({});
    const large = await wire(made);
    large.send(publishPacket(topic, Buffer.alloc(200_000), 1, 3));
    await Promise.all(stalled.map(({ whenClosed }) => whenClosed));
    expect((await large.until(4)).toString('hex')).toBe('40020003');
    await until(() => made.door.counters().connections === 3);
    expect(made.door.counters()).toMatchObject({ gatheredBytes: 0, refused: { packetTimeoutMs: 10 } });
  });
});

test('a limit that does not exist is named', () => {
  expect(limitsOf({ connectionsMax: 5 })).toEqual({ ...doorLimitDefaults, connectionsMax: 5 });
  expect(() => limitsOf({ connectionMax: 5 })).toThrow('there is no limit connectionMax');
});
