import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import type { Door, DoorOptions } from '../../broker/door.ts';
import type { Credential } from '../../broker/identity.ts';
import { FailureError } from '../../core/failure.ts';
import { connectPacket, lengthBytes, packet, pingPacket, publishPacket, subscribePacket } from '../../simulators/mqtt-packets.ts';
import { fronts, type MadeDoor, makeDoor, until } from './made-door.ts';
import { Wire } from './wire.ts';

const sha256 = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const declared: Record<string, Credential> = {
  'meter-1': { id: 'meter-1', secretSha256: sha256('s3cret') },
  'meter-2': { id: 'meter-2' },
};
const topic = 'city/v1/north/meter-1/telemetry';
const mosquitto = spawnSync('mosquitto_pub', ['--help']).error === undefined;

describe.each(fronts)('door: %s', (front) => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  const open = async ({ policy = 'open', ...options }: Partial<DoorOptions> & { readonly policy?: 'open' | 'declared' } = {}): Promise<MadeDoor> => {
    const made = await makeDoor({ front, admission: { policy, lookup: (id) => declared[id] }, ...options });
    closing.push(() => made.door.close());
    return made;
  };

  const client = async (door: Door, options: IClientOptions = {}): Promise<MqttClient> => {
    const made = await mqtt.connectAsync(`mqtt://127.0.0.1:${door.port}`, { reconnectPeriod: 0, ...options }, false);
    made.on('error', () => {});
    closing.push(() => made.end(true));
    return made;
  };

  const wire = async (door: Door, options?: Parameters<typeof Wire.greeted>[1]): Promise<Wire> => {
    const made = options === undefined ? await Wire.open(door.port) : await Wire.greeted(door.port, options);
    closing.push(() => made.socket.destroy());
    return made;
  };

  it('takes QoS 0, 1 and 2, with subject and sender', async () => {
    const { door, log, envelopes } = await open();
    const device = await client(door, { username: 'meter-1', password: 's3cret' });
    await device.publishAsync(topic, '{"a":0}', { qos: 0 });
    await device.publishAsync(topic, '{"a":1}', { qos: 1 });
    await device.publishAsync('city/v1/south/meter-9/telemetry', '{"a":2}', { qos: 2 });
    await device.publishAsync('some/other/topic', 'x', { qos: 1, retain: true });
    await log.flush();
    expect((await envelopes()).map((e) => [e.subject, e.sender, e.topic, Buffer.from(e.payload).toString(), e.qos])).toEqual([
      ['meter-1', 'meter-1', topic, '{"a":0}', 0],
      ['meter-1', 'meter-1', topic, '{"a":1}', 1],
      ['meter-9', 'meter-1', 'city/v1/south/meter-9/telemetry', '{"a":2}', 2],
      ['', 'meter-1', 'some/other/topic', 'x', 1],
    ]);
    expect(door.counters()).toMatchObject({ connections: 1, held: 0, heldBytes: 0, messages: 4, qos0Dropped: 0, refused: {} });
  });

  it.each([1, 2] as const)('acknowledges QoS %i only when settled, and disconnects nobody meanwhile', async (qos) => {
    const { door, log } = await open();
    log.setTrouble('disk full');
    const device = await wire(door, { keepalive: 1 });
    device.send(publishPacket(topic, '{}', qos, 7));
    // Longer than one and a half keepalives, after which who is silent is cut off: alive by PINGREQ alone.
    const silent = await wire(door, { keepalive: 1 });
    let answered = 0;
    while (!silent.closed) {
      device.send(pingPacket);
      answered += 2;
      await device.until(answered);
    }
    expect(device.closed).toBe(false);
    expect(device.received.toString('hex')).toMatch(/^(d000)+$/);
    expect(door.counters()).toMatchObject({ held: 1, connections: 1 });
    const pings = device.received.length;
    log.setTrouble(null);
    expect((await device.until(pings + 4)).subarray(pings).toString('hex')).toBe(qos === 1 ? '40020007' : '50020007');
    expect(door.counters().held).toBe(0);
  });

  it('acknowledges in order what came in one segment, cut anywhere', async () => {
    const { door, log, envelopes } = await open();
    const bytes = Buffer.concat(Array.from({ length: 20 }, (_, n) => publishPacket(topic, `{"n":${n}}`.padEnd(n * 20), 1, n + 1)));
    for (const size of [1, 7, 100, bytes.length]) {
      const device = await wire(door, {});
      for (let at = 0; at < bytes.length; at += size) {
        device.send(bytes.subarray(at, at + size));
        if (size > 1) await new Promise((resolve) => setImmediate(resolve));
      }
      const acknowledged = await device.until(80);
      expect(Array.from({ length: 20 }, (_, n) => acknowledged.readUInt32BE(4 * n))).toEqual(Array.from({ length: 20 }, (_, n) => 0x40020001 + n));
      device.socket.destroy();
    }
    await log.flush();
    const numbers = (await envelopes()).map((e) => JSON.parse(Buffer.from(e.payload).toString()).n);
    expect(numbers).toEqual(Array.from({ length: 80 }, (_, n) => n % 20));
  });

  it('takes what is sent behind the CONNECT without waiting for the CONNACK', async () => {
    const { door } = await open();
    const device = await wire(door);
    device.send(connectPacket({ clientId: 'hasty' }), ...Array.from({ length: 20 }, (_, n) => publishPacket(topic, '{}', 1, n + 1)));
    const received = await device.until(84);
    expect(received.length).toBe(84);
    expect(received.readUInt32BE(0)).toBe(0x20020000);
  });

  it('lets who has a secret in with it only, and keeps the client ids of one identity from another', async () => {
    const { door } = await open();
    const answer = async (options: Parameters<typeof connectPacket>[0]): Promise<string> => {
      const device = await wire(door);
      device.send(connectPacket(options));
      return (await device.until(4)).toString('hex');
    };
    expect(await answer({ clientId: 'a', userName: 'meter-1', password: 's3cret' })).toBe('20020000');
    expect(await answer({ clientId: 'b', userName: 'meter-1', password: 'wrong' })).toBe('20020004');
    expect(await answer({ clientId: 'c', userName: 'meter-1' })).toBe('20020004');
    expect(await answer({ clientId: 'd', userName: 'meter-2' })).toBe('20020000');
    expect(await answer({ clientId: 'e', userName: 'nobody', password: '' })).toBe('20020000');
    expect(await answer({ clientId: 'f' })).toBe('20020000');
    expect(await answer({ clientId: 'a' })).toBe('20020002');
    expect(await answer({ clientId: '__proto__' })).toBe('20020000');
    expect(await answer({ clientId: 'x'.repeat(129) })).toBe('20020002');
    expect(await answer({ clientId: 'bell\x07' })).toBe('20020002');
    expect(await answer({ clientId: 'nul\0' })).toBe('');
    expect(await answer({ clientId: 'g', userName: 'u'.repeat(129) })).toBe('20020004');
    expect(await answer({ clientId: 'h', level: 5 })).toBe('20020001');
    expect(await answer({ clientId: '', clean: false })).toBe('20020002');
    // The same identity may come back on a new connection, and the old one ends.
    const before = door.counters().connections;
    expect(await answer({ clientId: 'a', userName: 'meter-1', password: 's3cret' })).toBe('20020000');
    expect(door.counters().connections).toBeLessThanOrEqual(before + 1);
  });

  it('has room for so many strangers where devices are declared', async () => {
    const { door } = await open({ policy: 'declared', limits: { strangersMax: 1 } });
    await wire(door, { clientId: 'first' });
    expect(door.counters().strangers).toBe(1);
    const second = await wire(door);
    second.send(connectPacket({ clientId: 'second' }));
    expect((await second.until(4)).toString('hex')).toBe('20020003');
    expect((await wire(door, { clientId: 'known', userName: 'meter-2' })).closed).toBe(false);
    expect(door.counters().refused).toMatchObject({ strangersMax: 1 });
  });

  it('shows the public topics and nothing else', async () => {
    const { door, log } = await open();
    await door.publishPublic('city/v1/public/air', 'kept', true);
    const spy = await wire(door, {});
    spy.send(subscribePacket(['city/v1/public/#', '#', '$SYS/#', 'city/v1/+/x', 'city/v1/public', topic]));
    const retained = publishPacket('city/v1/public/air', 'kept', 0, 0, false, true);
    const received = await spy.until(10 + retained.length);
    expect(received.subarray(0, 10).toString('hex')).toBe('90080001008080808080');
    expect(received.subarray(10).toString('hex')).toBe(retained.toString('hex'));
    spy.received = Buffer.alloc(0);
    // Devices reach nobody, on whatever topic; what they retain is not kept.
    const device = await client(door);
    await device.publishAsync('city/v1/public/air', 'forged', { qos: 1, retain: true });
    await device.publishAsync('city/v1/public/air', 'forged', { qos: 2, retain: true });
    await door.publishPublic('city/v1/public/live', 'now', false);
    const live = publishPacket('city/v1/public/live', 'now', 0);
    expect((await spy.until(live.length)).toString('hex')).toBe(live.toString('hex'));
    const late = await wire(door, {});
    late.send(subscribePacket(['city/v1/public/#']));
    expect((await late.until(5 + retained.length)).subarray(5).toString('hex')).toBe(retained.toString('hex'));
    await log.flush();
    expect(door.counters()).toMatchObject({ messages: 2, refused: { 'subscribe-denied': 5 } });
    expect(() => door.publishPublic('city/v1/north/x/telemetry', '', false)).toThrow('bad-request');
  });

  it('sends what is retained again for a repeated SUBSCRIBE, one replay after the other', async () => {
    const { door } = await open();
    const topics = Array.from({ length: 600 }, (_, n) => `city/v1/public/kept/${n}`);
    for (const one of topics) await door.publishPublic(one, 'kept', true);
    const spy = await client(door);
    const heard: string[] = [];
    spy.on('message', (one) => heard.push(one));
    const other = 'city/v1/public/+/7';
    const asked = [...Array.from({ length: 15 }, () => 'city/v1/public/#'), other];
    await Promise.all(asked.map((filter) => spy.subscribeAsync(filter)));
    await until(() => heard.length >= 1_200);
    // Those that came while the first was sent are answered together, each topic once.
    expect(heard).toEqual([...topics, ...topics]);
    await spy.subscribeAsync(other);
    await until(() => heard.length > 1_200);
    await spy.subscribeAsync('city/v1/public/#');
    await until(() => heard.length >= 1_801);
    expect(heard.slice(1_200)).toEqual([topics[7], ...topics]);
  });

  it('begins no replay of what was unsubscribed while it waited', async () => {
    const { door } = await open();
    for (let n = 0; n < 600; n++) await door.publishPublic(`city/v1/public/kept/${n}`, 'kept', true);
    const spy = await client(door);
    let heard = 0;
    spy.on('message', () => heard++);
    await Promise.all([spy.subscribeAsync('city/v1/public/#'), spy.subscribeAsync('city/v1/public/+/+'), spy.unsubscribeAsync('city/v1/public/+/+')]);
    await until(() => heard === 600);
    await spy.subscribeAsync('city/v1/public/kept/1');
    await until(() => heard === 601);
    expect(heard).toBe(601);
  });

  it('forgets every retained message at once, and says so to who listens', async () => {
    const { door } = await open({ limits: { retainedMax: 2 } });
    const topics = ['city/v1/public/a', 'city/v1/public/b'];
    for (const one of topics) await door.publishPublic(one, 'kept', true);
    const spy = await client(door);
    const heard: string[] = [];
    spy.on('message', (one, payload) => heard.push(`${one} ${payload}`));
    await spy.subscribeAsync('city/v1/public/#');
    const hearing = async (count: number): Promise<void> => {
      while (heard.length < count) await new Promise<void>((resolve) => spy.once('message', () => resolve()));
    };
    await hearing(2);
    await door.clearPublic();
    await hearing(4);
    expect(heard).toEqual([...topics.map((one) => `${one} kept`), ...topics.map((one) => `${one} `)]);
    const late = await wire(door, {});
    late.send(subscribePacket(['city/v1/public/#']));
    await door.publishPublic('city/v1/public/c', '1', true); // there is room again
    const received = await late.until(5 + publishPacket('city/v1/public/c', '1', 0).length);
    expect(received.subarray(5).toString('utf8')).toContain('city/v1/public/c1');
  });

  it('keeps no will', async () => {
    const { door } = await open();
    const spy = await wire(door, {});
    spy.send(subscribePacket(['city/v1/public/#']));
    await spy.until(5);
    const device = await wire(door, { will: { topic: 'city/v1/public/forged', payload: 'x' } });
    device.abort();
    await device.whenClosed;
    await door.publishPublic('city/v1/public/true', 'y', false);
    const expected = publishPacket('city/v1/public/true', 'y', 0);
    expect((await spy.until(5 + expected.length)).subarray(5).toString('hex')).toBe(expected.toString('hex'));
    expect(door.counters().messages).toBe(0);
  });

  it.each([
    ['$SYS/x/new/clients', 'a topic of the broker itself'],
    ['a\0b', 'a control character in a topic'],
    ['t'.repeat(513), 'topicCharsMax'],
    ['a/'.repeat(16), 'topicLevelsMax'],
  ])('ends the connection of who publishes to %j', async (bad, reason) => {
    const { door } = await open();
    for (const qos of [0, 1, 2]) {
      const device = await wire(door, {});
      device.send(publishPacket(bad, '{}', qos));
      await device.whenClosed;
    }
    expect(door.counters().messages).toBe(0);
    expect(door.counters().refused[reason]).toBe(3);
  });

  it.each<[string, Buffer, boolean]>([
    ['a giant frame before the CONNECT', Buffer.concat([Buffer.from([0x10]), lengthBytes(255_000_000), Buffer.alloc(1000)]), false],
    ['a CONNECT over its limit', Buffer.concat([Buffer.from([0x10]), lengthBytes(5_000)]), false],
    ['a PUBLISH before the CONNECT', publishPacket(topic, '{}'), false],
    ['a giant PUBLISH', Buffer.concat([Buffer.from([0x32]), lengthBytes(255_000_000), Buffer.alloc(1000)]), true],
    ['a giant SUBSCRIBE', Buffer.concat([Buffer.from([0x82]), lengthBytes(200_000)]), true],
    ['a length of five bytes', Buffer.from([0x32, 255, 255, 255, 255, 1]), true],
    ['a topic longer than its packet', packet(0x32, Buffer.from([255, 255, 1])), true],
    ['an empty PUBLISH', packet(0x30, Buffer.alloc(0)), true],
    ['QoS 3', packet(0x36, Buffer.from([0, 1, 97, 0, 1])), true],
    ['a second CONNECT', connectPacket(), true],
    ['an unknown packet', Buffer.from([0xf0, 0]), true],
  ])('cuts off %s', async (_what, bytes, greeted) => {
    const { door } = await open();
    const rogue = greeted ? await wire(door, {}) : await wire(door);
    rogue.send(bytes);
    await rogue.whenClosed;
    expect(door.counters().messages).toBe(0);
    // And goes on with the others.
    await (await client(door)).publishAsync(topic, '{}', { qos: 1 });
  });

  it('cuts off who does not say CONNECT in time, and who says nothing for a keepalive and a half', async () => {
    const { door } = await open({ limits: { connectTimeoutMs: 100, keepaliveSecondsMax: 1 } });
    const mute = await wire(door);
    mute.send(connectPacket().subarray(0, 5));
    const silent = await wire(door, { keepalive: 0 });
    await Promise.all([mute.whenClosed, silent.whenClosed]);
    expect(door.counters().refused).toMatchObject({ connectTimeoutMs: 1, keepalive: 1 });
  });

  it('cuts off nobody who kept its keepalive while the process stood still', async () => {
    const { door } = await open();
    const device = await wire(door, { keepalive: 1 });
    device.send(pingPacket); // stands in the socket
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
    expect((await device.until(2)).toString('hex')).toBe('d000');
    expect(device.closed).toBe(false);
  });

  it('closes one connection, subscription, retained topic too many', async () => {
    const { door } = await open({ limits: { connectionsMax: 1, subscriptionsPerClientMax: 2, retainedMax: 1 } });
    const first = await wire(door, {});
    const second = await wire(door);
    await second.whenClosed;
    expect(door.counters().refused).toMatchObject({ connectionsMax: 1 });
    first.send(subscribePacket(['city/v1/public/a', 'city/v1/public/b', 'city/v1/public/c']));
    expect((await first.until(7)).toString('hex')).toBe('90050001000080');
    await door.publishPublic('city/v1/public/x', '1', true);
    await door.publishPublic('city/v1/public/x', '2', true);
    expect(() => door.publishPublic('city/v1/public/y', '1', true)).toThrow('limit-reached');
    await door.publishPublic('city/v1/public/x', '', true);
    await door.publishPublic('city/v1/public/y', '1', true);
  });

  it('drops QoS 0 by count when the log has its hands full; QoS 1 waits', async () => {
    const { door, log, envelopes } = await open({ limits: { heldEnvelopesMax: 10 } });
    log.setTrouble('slow');
    const device = await wire(door, {});
    device.send(...Array.from({ length: 30 }, (_, n) => publishPacket(topic, `{"n":${n}}`, n % 2, n)), pingPacket);
    await device.until(2);
    expect(door.counters()).toMatchObject({ messages: 10, qos0Dropped: 10, held: 20 });
    log.setTrouble(null);
    expect((await device.until(2 + 15 * 4)).length).toBe(62);
    await log.flush();
    expect(door.counters()).toMatchObject({ messages: 20, held: 0, heldBytes: 0 });
    expect((await envelopes()).filter((e) => e.qos === 1).map((e) => JSON.parse(Buffer.from(e.payload).toString()).n)).toEqual(
      Array.from({ length: 15 }, (_, n) => 2 * n + 1),
    );
  });

  it('reads a connection no further than its limit in flight, and does not cut it off for that', async () => {
    const { door, log } = await open({ limits: { inFlightPerClientMax: 8 } });
    log.setTrouble('slow');
    const device = await wire(door, { keepalive: 1 });
    const payload = Buffer.alloc(10_000, 32);
    for (let n = 0; n < 1_000; n++) device.send(publishPacket(topic, payload, 1, n + 1));
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(device.closed).toBe(false);
    // aedes takes all of a chunk before it stops.
    const { held } = door.counters();
    expect(held).toBeGreaterThanOrEqual(6);
    expect(held).toBeLessThan(front === 'scanner' ? 10 : 40);
    log.setTrouble(null);
    expect((await device.until(4_000)).length).toBe(4_000);
    expect(door.counters().held).toBe(0);
  });

  it('slows down the one that is over its rate, alone', async () => {
    const { door } = await open({ limits: { ratePerDeviceMax: 100 } });
    const flooder = await wire(door, {});
    const bystander = await wire(door, {});
    for (let n = 0; n < 150; n++) flooder.send(publishPacket(topic, '{}'.padEnd(5_000), 1, n + 1));
    bystander.send(publishPacket(topic, '{}', 1, 1));
    await bystander.until(4);
    expect(flooder.received.length).toBeLessThan(600);
    await flooder.until(600);
    expect(flooder.received.length).toBe(600);
  });

  it('does not let a frozen subscriber stop the others', async () => {
    const { door } = await open({ limits: { drainTimeoutMs: 300 } });
    const frozen = await wire(door, {});
    const healthy = await wire(door, {});
    for (const subscriber of [frozen, healthy]) {
      subscriber.send(subscribePacket(['city/v1/public/#']));
      await subscriber.until(5);
    }
    frozen.socket.pause();
    const payload = Buffer.alloc(100_000, 1);
    const bytes = publishPacket('city/v1/public/x', payload, 0).length;
    let expected = 5;
    for (let n = 0; n < 100; n++) {
      const published = door.publishPublic('city/v1/public/x', payload, false);
      expected += bytes;
      expect((await healthy.until(expected)).length).toBe(expected);
      published.catch(() => {});
    }
    while (door.counters().connections > 1) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(door.counters().forwardsDropped).toBeGreaterThan(0);
    expect(door.counters().refused).toEqual({ drainTimeoutMs: 1 });
  });

  it('speaks MQTT over WebSocket, but not to pages of other hosts', async () => {
    const { door, envelopes } = await open({ wsPort: 0 });
    const url = `ws://127.0.0.1:${door.wsPort}`;
    const page = await mqtt.connectAsync(url, { reconnectPeriod: 0 }, false);
    await page.publishAsync(topic, '{}', { qos: 1 });
    await page.publishAsync(topic, 'x'.repeat(200_000), { qos: 2 });
    await page.endAsync();
    expect((await envelopes()).map((e) => e.payload.length)).toEqual([2, 200_000]);
    const from = (origin: string, host: string): Promise<MqttClient> =>
      mqtt.connectAsync(url, { reconnectPeriod: 0, wsOptions: { headers: { origin, host } } }, false);
    const here = `127.0.0.1:${door.wsPort}`;
    await expect(from('http://example.org', here)).rejects.toThrow();
    // A name of its own that was made to lead here.
    await expect(from('http://example.org', `example.org:${door.wsPort}`)).rejects.toThrow();
    await expect(from('http://127.0.0.1.example.org', '127.0.0.1.example.org')).rejects.toThrow();
    for (const name of ['127.0.0.1', 'localhost']) await (await from(`http://${name}:8080`, `${name}:${door.wsPort}`)).endAsync();
  });

  it.skipIf(!mosquitto)('serves mosquitto_pub at each QoS (skipped where it is not installed)', async () => {
    const { door, log, envelopes } = await open();
    for (const qos of ['0', '1', '2']) {
      const child = spawn('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(door.port), '-t', topic, '-m', `{"qos":${qos}}`, '-q', qos, '-V', '311']);
      expect((await once(child, 'exit'))[0]).toBe(0);
    }
    await log.flush();
    expect((await envelopes()).map((e) => [e.qos, Buffer.from(e.payload).toString()])).toEqual([
      [0, '{"qos":0}'],
      [1, '{"qos":1}'],
      [2, '{"qos":2}'],
    ]);
  });

  it('says which port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    closing.push(() => other.close());
    const { port } = other.address() as { port: number };
    const refused = await open({ port }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(FailureError);
    expect((refused as FailureError).failure).toMatchObject({ code: 'port-taken', where: `port ${port}` });
  });

  it('closes with clients connected, and says nothing to them that is not true', async () => {
    const { door, log } = await open();
    log.setTrouble('slow');
    const device = await wire(door, {});
    device.send(publishPacket(topic, '{}'), pingPacket);
    await device.until(2);
    await door.close();
    log.setTrouble(null);
    await device.whenClosed;
    await log.flush();
    expect(device.received.toString('hex')).toBe('d000');
  });
});
