/** What is for operators on MQTT: read by who has shown an operator's secret, and by nobody else, on both fronts. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../broker/identity.ts';
import { publishPacket, subscribePacket } from '../../simulators/mqtt-packets.ts';
import { fronts, type MadeDoor, makeDoor } from './made-door.ts';
import { Wire } from './wire.ts';

const sha256 = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const topic = 'city/v1/operators/alarms/device/a/stuck';
const all = 'city/v1/operators/#';
const operator = { clientId: 'o', userName: 'camille', password: 'weighty' };

describe.each(fronts)('operators: %s', (front) => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  const open = async (): Promise<MadeDoor & { readonly declared: Map<string, Credential> }> => {
    const declared = new Map<string, Credential>([
      ['camille', { id: 'camille', secretSha256: sha256('weighty'), operator: true }],
      ['careless', { id: 'careless', operator: true }],
      ['meter-1', { id: 'meter-1', secretSha256: sha256('s3cret') }],
    ]);
    const made = await makeDoor({ front, admission: { policy: 'open', lookup: (id) => declared.get(id) } });
    closing.push(() => made.door.close());
    return { ...made, declared };
  };
  const enter = async ({ door }: MadeDoor, options: Parameters<typeof Wire.greeted>[1]): Promise<Wire> => {
    const made = await Wire.greeted(door.port, options);
    closing.push(() => made.socket.destroy());
    return made;
  };
  /** The codes with which each filter is answered: 0 granted, 80 refused. */
  const answers = async (wire: Wire, filters: readonly string[]): Promise<string> => {
    wire.received = Buffer.alloc(0);
    wire.send(subscribePacket([...filters]));
    return (await wire.until(4 + filters.length)).subarray(4, 4 + filters.length).toString('hex');
  };

  it('may be read by an operator, and by nobody else', async () => {
    const made = await open();
    expect(await answers(await enter(made, operator), [all, topic, 'city/v1/public/#', 'city/v1/#', '#', 'city/v1/operators', 'city/v1/+/alarms'])).toBe(
      '00000080808080',
    );
    const others = [{}, { userName: 'meter-1', password: 's3cret' }, { userName: 'nobody' }, { userName: 'careless' }];
    for (const [n, one] of others.entries()) expect(await answers(await enter(made, { clientId: `x${n}`, ...one }), [all, topic])).toBe('8080');
    expect(made.door.counters().refused).toMatchObject({ 'subscribe-denied': 12 });
  });

  it('is retained, told when it changes, and forgotten apart from what is public', async () => {
    const made = await open();
    await made.door.publishToOperators(topic, 'one');
    await made.door.publishPublic('city/v1/public/air', 'kept', true);
    const first = await enter(made, operator);
    first.send(subscribePacket([all]));
    const retained = publishPacket(topic, 'one', 0, 0, false, true);
    expect((await first.until(5 + retained.length)).subarray(5).toString('hex')).toBe(retained.toString('hex'));
    first.received = Buffer.alloc(0);
    // A device that publishes there reaches nobody.
    const device = await enter(made, { clientId: 'd', userName: 'meter-1', password: 's3cret' });
    device.send(publishPacket(topic, 'forged', 1, 7));
    await device.until(4);
    await made.door.clearPublic();
    await made.door.publishToOperators(topic, 'two');
    const live = publishPacket(topic, 'two', 0, 0, false, true).length;
    expect((await first.until(live)).toString('utf8')).toContain('two');
    expect(first.received.toString('utf8')).not.toContain('forged');
    await made.door.publishPublic('city/v1/public/air', 'kept', true);
    await made.door.clearOperators();
    const late = await enter(made, { ...operator, clientId: 'late' });
    late.send(subscribePacket([all, 'city/v1/public/#']));
    const kept = publishPacket('city/v1/public/air', 'kept', 0, 0, false, true);
    expect((await late.until(6 + kept.length)).subarray(6).toString('hex')).toBe(kept.toString('hex'));
    expect(() => made.door.publishPublic(topic, 'x', true)).toThrow('bad-request');
    expect(() => made.door.publishToOperators('city/v1/public/air', 'x')).toThrow('bad-request');
  });

  it('ends for who is no operator any more, or has another secret; others stay', async () => {
    const made = await open();
    const one = await enter(made, operator);
    const device = await enter(made, { clientId: 'd', userName: 'meter-1', password: 's3cret' });
    made.door.revoke();
    expect(await answers(one, [all])).toBe('00');
    made.declared.set('camille', { id: 'camille', secretSha256: sha256('another'), operator: true });
    made.door.revoke();
    await one.whenClosed;
    const again = await enter(made, { ...operator, password: 'another' });
    made.declared.delete('camille');
    made.door.revoke();
    await again.whenClosed;
    expect(device.closed).toBe(false);
  });
});
