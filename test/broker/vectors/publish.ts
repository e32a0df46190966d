/** Vectors of PUBLISH and its acknowledgements. */
import { Buffer } from 'node:buffer';
import { lengthBytes, packet, publishPacket, text } from '../../../simulators/mqtt-packets.ts';
import { answers, bytes, closes, id, illFormed, inherited, type Vector } from './vector.ts';

const topic = 'city/v1/north/meter-1/telemetry';
const one = { admits: 1 } as const;

const flow: Vector[] = [
  answers('MQTT-2.3.1-5', 'QoS 0: no packet id, no answer', publishPacket(topic, '{}', 0), '', one),
  answers('MQTT-4.3.2-2', 'QoS 1: PUBACK with its packet id', publishPacket(topic, '{}', 1, 0x1234), '40021234', one),
  answers(
    'MQTT-4.3.2-2',
    'QoS 1 again with DUP: acknowledged again',
    [publishPacket(topic, '{}', 1, 7), publishPacket(topic, '{}', 1, 7, true)],
    '4002000740020007',
    {
      admits: 2,
      note: 'Both are in the log; the pipeline counts a stamped reading once.',
    },
  ),
  answers('MQTT-4.3.3-2', 'QoS 2: PUBREC with its packet id', publishPacket(topic, '{}', 2, 9), '50020009', one),
  answers('MQTT-4.3.3-2', 'QoS 2: PUBREL gets PUBCOMP', [publishPacket(topic, '{}', 2, 9), bytes('62 02 00 09')], '5002000970020009', one),
  answers(
    'MQTT-4.3.3-2',
    'QoS 2 again with DUP before PUBREL: passed on once',
    [publishPacket(topic, '{}', 2, 9), publishPacket(topic, '{}', 2, 9, true)],
    '5002000950020009',
    one,
  ),
  answers(
    'MQTT-4.3.3-2',
    'QoS 2 again after PUBCOMP: another message',
    [publishPacket(topic, '{}', 2, 9), bytes('62 02 00 09'), publishPacket(topic, '{}', 2, 9)],
    '500200097002000950020009',
    {
      admits: 2,
    },
  ),
  answers('MQTT-4.3.3-2', 'PUBREL that belongs to nothing gets PUBCOMP', bytes('62 02 00 63'), '70020063'),
  answers(
    'MQTT-4.6.0-2',
    'PUBACKs in the order of the PUBLISHes',
    Buffer.concat([5, 3, 9, 1].map((n) => publishPacket(topic, '{}', 1, n))),
    '40020005400200034002000940020001',
    { admits: 4 },
  ),
  answers('octroi', 'packet id 65535', publishPacket(topic, '{}', 1, 65_535), '4002ffff', one),
  answers('MQTT-3.3.1-5', 'retained: acknowledged, not kept', publishPacket('city/v1/public/forged', '{}', 1, 1, false, true), '40020001', {
    ...one,
    note: 'Against [MQTT-3.3.1-5] nothing of a device is retained: only the feed writes public topics.',
  }),
  answers('octroi', 'an empty payload', publishPacket(topic, '', 1), '40020001', one),
  answers('octroi', 'a payload that is no text', publishPacket(topic, bytes('00 ff fe ed a0 80'), 1), '40020001', one),
  answers('octroi', 'a packet of exactly 256 KiB', publishPacket(topic, Buffer.alloc(256 * 1024 - 2 - topic.length - 2, 32), 1), '40020001', one),
  answers(
    'octroi',
    'byte by byte',
    [...publishPacket(topic, '{"values":{}}', 1, 2)].map((byte) => Buffer.from([byte])),
    '40020002',
    one,
  ),
];

const malformed: Vector[] = [
  closes('MQTT-3.3.1-4', 'QoS 3', packet(0x36, Buffer.concat([text(topic), id(1)]))),
  closes('MQTT-3.3.1-2', 'DUP at QoS 0', packet(0x38, text(topic))),
  closes('MQTT-2.3.1-1', 'packet id 0 at QoS 1', publishPacket(topic, '{}', 1, 0)),
  closes('MQTT-2.3.1-1', 'packet id 0 at QoS 2', publishPacket(topic, '{}', 2, 0)),
  closes('MQTT-2.3.1-1', 'QoS 1 without a packet id', packet(0x32, text(topic))),
  closes('MQTT-2.3.1-1', 'QoS 2 with half a packet id', packet(0x34, Buffer.concat([text(topic), bytes('00')]))),
  closes('MQTT-4.8.0-1', 'an empty PUBLISH', bytes('30 00')),
  closes('MQTT-4.8.0-1', 'one byte of a topic length', bytes('30 01 00')),
  closes('MQTT-4.8.0-1', 'a topic longer than its packet', bytes('32 03 ff ff 61')),
  closes('MQTT-4.8.0-1', 'a remaining length of five bytes', bytes('32 ff ff ff ff 01')),
  closes('octroi', 'a claim of 256 MB after the CONNECT', Buffer.concat([bytes('32'), lengthBytes(268_435_455), Buffer.alloc(100)])),
  closes('octroi', 'one byte above 256 KiB, at its header', Buffer.concat([bytes('32'), lengthBytes(256 * 1024 + 1)])),
  answers('MQTT-2.2.3', 'a remaining length in more bytes than it needs', bytes('c0 80 00'), 'd000', { note: 'Not forbidden in 3.1.1.' }),
];

const topics: Vector[] = [
  ...illFormed.flatMap(([what, ill]) => [0, 1, 2].map((qos) => closes('MQTT-3.3.2-1', `${what} in the topic, QoS ${qos}`, publishPacket(ill, '{}', qos)))),
  ...[0, 1, 2].map((qos) => closes('MQTT-1.5.3-2', `a NUL in the topic, QoS ${qos}`, publishPacket('a\0b', '{}', qos))),
  closes('octroi', 'a control character in the topic', publishPacket('a\x1fb', '{}')),
  closes('octroi', 'a control character of 8 bits in the topic', publishPacket('a\x9fb', '{}')),
  answers('MQTT-1.5.3-3', 'a byte order mark in the topic is a character', publishPacket('\ufeffa', '{}'), '40020001', one),
  closes('MQTT-3.3.2-2', '# in the topic', publishPacket('city/#', '{}')),
  closes('MQTT-3.3.2-2', '+ in the topic', publishPacket('city/+/x', '{}', 0)),
  closes('MQTT-4.7.3-1', 'an empty topic', publishPacket('', '{}')),
  closes('MQTT-4.7.2-1', '$SYS', publishPacket('$SYS/a/new/clients', '{}')),
  closes('MQTT-4.7.2-1', '$ alone, QoS 2', publishPacket('$', '{}', 2)),
  answers('octroi', 'a topic of 512 characters', publishPacket('t'.repeat(512), '{}'), '40020001', one),
  closes('octroi', 'a topic of 513 characters', publishPacket('t'.repeat(513), '{}')),
  closes('octroi', 'a topic of 65,535 bytes', publishPacket('t'.repeat(65_535), '{}', 0)),
  answers('octroi', 'a topic of 16 levels', publishPacket(`a${'/a'.repeat(15)}`, '{}'), '40020001', one),
  closes('octroi', 'a topic of 17 levels', publishPacket(`a${'/a'.repeat(16)}`, '{}')),
  closes('octroi', 'a topic of 500 empty levels, QoS 2', publishPacket('/'.repeat(499), '{}', 2)),
  ...inherited.flatMap((name) => [
    answers('octroi', `the topic ${name}`, publishPacket(name, '{}'), '40020001', one),
    answers('octroi', `the device ${name}, QoS 2`, publishPacket(`city/v1/north/${name}/telemetry`, `{"${name}":{"${name}":1}}`, 2), '50020001', one),
  ]),
];

const acknowledgements: Vector[] = [
  ...[0x40, 0x50, 0x70].flatMap((first) => [
    closes('MQTT-2.2.2-2', `flags of an acknowledgement ${first.toString(16)}`, Buffer.from([first | 1, 2, 0, 1])),
    closes('MQTT-4.8.0-1', `a short acknowledgement ${first.toString(16)}`, Buffer.from([first, 1, 1])),
    closes('MQTT-4.8.0-1', `a long acknowledgement ${first.toString(16)}`, Buffer.from([first, 3, 0, 1, 0])),
    closes('MQTT-2.3.1-1', `packet id 0 in an acknowledgement ${first.toString(16)}`, Buffer.from([first, 2, 0, 0])),
  ]),
  closes('MQTT-3.6.1-1', 'PUBREL without its flag', bytes('60 02 00 01')),
  closes('MQTT-4.8.0-1', 'an empty PUBREL', bytes('62 00')),
  closes('MQTT-2.3.1-1', 'PUBREL with packet id 0', bytes('62 02 00 00')),
  answers('MQTT-4.3.2-1', 'PUBACK that belongs to nothing', bytes('40 02 00 63'), ''),
  answers('MQTT-4.3.3-1', 'PUBCOMP that belongs to nothing', bytes('70 02 00 63'), ''),
  answers('MQTT-4.3.3-1', 'PUBREC that belongs to nothing gets PUBREL', bytes('50 02 00 63'), '62020063'),
  ...[
    ['CONNACK', '20 02 00 00'],
    ['SUBACK', '90 03 00 01 00'],
    ['UNSUBACK', 'b0 02 00 01'],
    ['PINGRESP', 'd0 00'],
    ['type 0', '00 00'],
    ['type 15', 'f0 00'],
  ].map(([name, hex]) => closes('MQTT-4.8.0-1', `${name}, which no client sends`, bytes(hex as string))),
];

export const publishVectors: readonly Vector[] = [...flow, ...malformed, ...topics, ...acknowledgements];
