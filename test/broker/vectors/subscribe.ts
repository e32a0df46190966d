/** Vectors of SUBSCRIBE, UNSUBSCRIBE, PINGREQ and DISCONNECT. */
import { Buffer } from 'node:buffer';
import { lengthBytes, packet, pingPacket, publishPacket, subscribePacket, text } from '../../../simulators/mqtt-packets.ts';
import { answers, bytes, closes, id, illFormed, inherited, type Vector } from './vector.ts';

const open = 'city/v1/public/a';
const subscribe = (filter: string | Buffer, qos: number, first = 0x82): Buffer => packet(first, Buffer.concat([id(1), text(filter), Buffer.from([qos])]));
const unsubscribe = (filter: string | Buffer, first = 0xa2, packetId = 1): Buffer => packet(first, Buffer.concat([id(packetId), text(filter)]));
const granted = (codes: readonly number[]): string => packet(0x90, Buffer.concat([id(1), Buffer.from(codes)])).toString('hex');
/** As many as one packet holds. */
const bomb = Array.from({ length: 1_800 }, (_, n) => `b${n.toString(36).padStart(5, '0')}`);

const subscribing: Vector[] = [
  ...[0, 1, 2].map((qos) =>
    answers('MQTT-3.8.4-1', `a public filter at QoS ${qos}`, subscribe(open, qos), granted([qos]), {
      note: 'What is sent is of QoS 0, whatever is granted [MQTT-3.8.4-6].',
    }),
  ),
  answers('MQTT-3.9.3-1', 'a code for each filter, in order', subscribePacket([open, '#', 'city/v1/public/b', '$SYS/#']), granted([0, 128, 0, 128])),
  ...['#', '+', '+/#', '$SYS/#', 'city/#', 'city/v1/+/a', 'city/v1/public', 'city/v1/north/meter-1/telemetry', '/', ' '].map((filter) =>
    answers('octroi', `what is not public is refused: ${filter}`, subscribe(filter, 0), granted([128])),
  ),
  answers('octroi', 'everything public', subscribe('city/v1/public/#', 0), granted([0])),
  answers(
    'octroi',
    '20 filters and one',
    subscribePacket(Array.from({ length: 21 }, (_, n) => `city/v1/public/${n}`)),
    granted([...Array<number>(20).fill(0), 128]),
  ),
  answers('octroi', '17 levels', subscribe(`city/v1/public${'/a'.repeat(14)}`, 0), granted([128])),
  answers('octroi', `${bomb.length} filters in one packet`, subscribePacket(bomb), granted(bomb.map(() => 128))),
  answers('MQTT-3.8.4-3', 'the same filter again', [subscribe(open, 0), subscribe(open, 1)], granted([0]) + granted([1])),
  answers('MQTT-3.9.3-1', 'the same filter twice in one packet', subscribePacket([open, open]), granted([0]), {
    note: 'Against the clause: aedes joins equal filters before its hooks see them, so there is one code for two.',
  }),
  ...inherited.map((name) => answers('octroi', `the filter ${name}`, subscribePacket([`city/v1/public/${name}`, name]), granted([0, 128]))),
];

const malformed: Vector[] = [
  closes('MQTT-3.8.1-1', 'SUBSCRIBE without its flag', subscribe(open, 0, 0x80)),
  closes('MQTT-2.3.1-1', 'SUBSCRIBE with packet id 0', subscribePacket([open], 0)),
  closes('MQTT-3.8.3-3', 'SUBSCRIBE without a filter', bytes('82 02 00 01')),
  closes('MQTT-4.8.0-1', 'an empty SUBSCRIBE', bytes('82 00')),
  closes('MQTT-3-8.3-4', 'a requested QoS of 3', subscribe(open, 3)),
  closes('MQTT-3-8.3-4', 'reserved bits of the requested QoS', subscribe(open, 4)),
  closes('MQTT-4.8.0-1', 'a filter without its QoS', packet(0x82, Buffer.concat([id(1), text(open)]))),
  closes('MQTT-4.8.0-1', 'a filter longer than its packet', bytes('82 06 00 01 00 09 61 00')),
  closes('MQTT-4.7.3-1', 'an empty filter', subscribe('', 0)),
  ...['city/v1/public/a#', 'city/v1/public/#/a', '#a'].map((filter) => closes('MQTT-4.7.1-2', `the filter ${filter}`, subscribe(filter, 0))),
  ...['city/v1/public/a+', '+a', 'city/v1/public/+a', 'ab/+e', 'a+/b'].map((filter) => closes('MQTT-4.7.1-3', `the filter ${filter}`, subscribe(filter, 0))),
  ...illFormed.map(([what, ill]) => closes('MQTT-3.8.3-1', `${what} in a filter`, subscribe(ill, 0))),
  closes('MQTT-1.5.3-2', 'a NUL in a filter', subscribe('city/v1/public/\0', 0)),
  closes('octroi', 'a SUBSCRIBE over 16 KiB, at its header', Buffer.concat([bytes('82'), lengthBytes(16 * 1024 + 1)])),
];

const unsubscribing: Vector[] = [
  answers('MQTT-3.10.4-4', 'UNSUBSCRIBE gets UNSUBACK', [subscribe(open, 0), unsubscribe(open)], `${granted([0])}b0020001`),
  answers('MQTT-3.10.4-5', 'UNSUBSCRIBE of what was not subscribed', unsubscribe('city/v1/public/x', 0xa2, 7), 'b0020007'),
  answers('octroi', 'UNSUBSCRIBE of __proto__', unsubscribe('__proto__'), 'b0020001'),
  closes('MQTT-3.10.1-1', 'UNSUBSCRIBE without its flag', unsubscribe(open, 0xa0)),
  closes('MQTT-3.10.3-2', 'UNSUBSCRIBE without a filter', bytes('a2 02 00 01')),
  closes('MQTT-2.3.1-1', 'UNSUBSCRIBE with packet id 0', unsubscribe(open, 0xa2, 0)),
  closes('MQTT-4.7.1-2', 'UNSUBSCRIBE of a malformed filter', unsubscribe('a/#/b')),
  closes('MQTT-3.10.3-1', 'UNSUBSCRIBE of what is not UTF-8', unsubscribe(bytes('c3 28'))),
];

const rest: Vector[] = [
  answers('MQTT-3.12.4-1', 'PINGREQ gets PINGRESP', [pingPacket, pingPacket], 'd000d000'),
  closes('MQTT-2.2.2-2', 'flags of PINGREQ', bytes('c1 00')),
  closes('MQTT-4.8.0-1', 'PINGREQ with a body', bytes('c0 01 00')),
  closes('MQTT-3.14.4-1', 'DISCONNECT', bytes('e0 00')),
  closes('MQTT-3.14.1-1', 'flags of DISCONNECT', bytes('e1 00')),
  closes('MQTT-4.8.0-1', 'DISCONNECT with a body', bytes('e0 01 00')),
  closes('octroi', 'a message, then DISCONNECT: nothing that was sent is lost', Buffer.concat([publishPacket('a', '{}', 0), bytes('e0 00')]), '', {
    admits: 1,
  }),
];

export const subscribeVectors: readonly Vector[] = [...subscribing, ...malformed, ...unsubscribing, ...rest];
