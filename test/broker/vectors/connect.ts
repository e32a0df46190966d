/** Vectors of CONNECT and of what comes before it. */
import { Buffer } from 'node:buffer';
import { connectPacket, lengthBytes, packet, pingPacket, publishPacket, subscribePacket, text } from '../../../simulators/mqtt-packets.ts';
import { accepted, answers, bytes, closes, greeting, illFormed, inherited, rawConnect, type Vector } from './vector.ts';

const topic = 'city/v1/north/meter-1/telemetry';
const raw = { raw: true } as const;
const clean = 2;
const empty = text('');

const before: Vector[] = [
  closes('MQTT-3.1.0-1', 'PUBLISH before CONNECT', publishPacket(topic, '{}'), '', raw),
  closes('MQTT-3.1.0-1', 'PUBLISH of QoS 0 before CONNECT', publishPacket(topic, '{}', 0), '', raw),
  closes('MQTT-3.1.0-1', 'SUBSCRIBE before CONNECT', subscribePacket(['city/v1/public/#']), '', raw),
  closes('MQTT-3.1.0-1', 'PINGREQ before CONNECT', pingPacket, '', raw),
  closes('MQTT-3.1.0-1', 'DISCONNECT before CONNECT', bytes('e0 00'), '', raw),
  closes('MQTT-3.1.0-1', 'CONNACK before CONNECT', bytes('20 02 00 00'), '', raw),
  closes('MQTT-3.1.0-1', 'bytes that are no MQTT: HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), '', raw),
  closes('MQTT-3.1.0-1', 'bytes that are no MQTT: TLS', bytes('16 03 01 02 00 01 00 01 fc 03 03'), '', raw),
  closes('MQTT-3.1.0-2', 'a second CONNECT', greeting),
  closes('MQTT-3.1.0-2', 'a second CONNECT in one segment with the first', [Buffer.concat([greeting, greeting])], accepted, {
    ...raw,
    only: 'scanner',
    note: 'aedes closes before it has sent the CONNACK of the first.',
  }),
  ...[1, 2, 3, 4, 8, 10, 12, 14, 15].map((type) =>
    closes(
      'octroi',
      `a claim of 256 MB by type ${type}, before anybody is known`,
      Buffer.concat([Buffer.from([(type << 4) | (type === 8 ? 2 : 0)]), lengthBytes(268_435_455)]),
      '',
      raw,
    ),
  ),
  closes('octroi', 'a CONNECT over 4 KiB, at its header', Buffer.concat([bytes('10'), lengthBytes(4_097)]), '', raw),
  closes('MQTT-2.2.2-2', 'reserved flags of CONNECT', rawConnect('MQTT', 4, clean, [empty], 0x11), '', raw),
];

const variable: Vector[] = [
  closes('MQTT-3.1.2-1', 'another protocol name', rawConnect('MQTX', 4, clean, [empty]), '', raw),
  closes('MQTT-3.1.2-1', 'a protocol name in small letters', rawConnect('mqtt', 4, clean, [empty]), '', raw),
  closes('MQTT-3.1.2-1', 'an empty protocol name', rawConnect('', 4, clean, [empty]), '', raw),
  ...[0, 1, 2, 5, 6, 127, 255].map((level) => closes('MQTT-3.1.2-2', `protocol level ${level}`, rawConnect('MQTT', level, clean, [empty]), '20020001', raw)),
  closes(
    'MQTT-3.1.2-2',
    'MQTT 5 with its properties',
    packet(0x10, Buffer.concat([text('MQTT'), bytes('05 02 00 3c 05 11 00 00 00 0a'), text('five')])),
    '20020001',
    raw,
  ),
  closes('MQTT-3.1.2-2', 'the name of 3.1 with the level of 3.1.1', rawConnect('MQIsdp', 4, clean, [text('a')]), '20020001', raw),
  closes('MQTT-3.1.2-2', 'the name of 3.1.1 with the level of 3.1', rawConnect('MQTT', 3, clean, [text('a')]), '20020001', raw),
  answers('octroi', 'MQTT 3.1', rawConnect('MQIsdp', 3, clean, [text('old')]), accepted, raw),
  answers('octroi', 'a bridge, level 128 + 4', rawConnect('MQTT', 132, clean, [text('bridge')]), accepted, {
    ...raw,
    note: 'No level of the standard: how bridges announce themselves. It gives them nothing here.',
  }),
  closes('MQTT-3.1.2-3', 'the reserved connect flag', rawConnect('MQTT', 4, clean | 1, [empty]), '', raw),
  closes('MQTT-3.1.2-13', 'a will QoS without a will', rawConnect('MQTT', 4, clean | 0x08, [empty]), '', raw),
  closes('MQTT-3.1.2-15', 'a will retain without a will', rawConnect('MQTT', 4, clean | 0x20, [empty]), '', raw),
  closes('MQTT-3.1.2-14', 'a will of QoS 3', rawConnect('MQTT', 4, clean | 0x1c, [empty, text('a'), text('b')]), '', raw),
  closes('MQTT-3.1.2-9', 'a will flag without its fields', rawConnect('MQTT', 4, clean | 4, [empty]), '', raw),
  closes('MQTT-3.1.2-19', 'a user name flag without the field', rawConnect('MQTT', 4, clean | 0x80, [empty]), '', raw),
  closes('MQTT-3.1.2-18', 'a user name without its flag', rawConnect('MQTT', 4, clean, [empty, text('user')]), '', raw),
  closes('MQTT-3.1.2-21', 'a password flag without the field', rawConnect('MQTT', 4, clean | 0xc0, [empty, text('user')]), '', raw),
  closes('MQTT-3.1.2-22', 'a password without a user name', rawConnect('MQTT', 4, clean | 0x40, [empty, text('secret')]), '', raw),
  closes('MQTT-3.1.4-1', 'a CONNECT that ends in its flags', packet(0x10, Buffer.concat([text('MQTT'), bytes('04 02')])), '', raw),
  closes('MQTT-3.1.4-1', 'an empty CONNECT', bytes('10 00'), '', raw),
  closes('MQTT-3.1.4-1', 'a client id longer than its packet', rawConnect('MQTT', 4, clean, [bytes('00 05 61')]), '', raw),
];

const payload: Vector[] = [
  ...illFormed.flatMap(([what, ill]) => [
    closes('MQTT-3.1.3-4', `${what} in the client id`, rawConnect('MQTT', 4, clean, [text(ill)]), '', raw),
    closes('MQTT-3.1.3-11', `${what} in the user name`, rawConnect('MQTT', 4, clean | 0x80, [empty, text(ill)]), '', raw),
    closes('MQTT-3.1.3-10', `${what} in the will topic`, rawConnect('MQTT', 4, clean | 4, [empty, text(ill), empty]), '', raw),
  ]),
  closes('MQTT-1.5.3-2', 'a NUL in the client id', connectPacket({ clientId: 'a\0b' }), '', raw),
  closes('MQTT-1.5.3-2', 'a NUL in the user name', connectPacket({ clientId: 'a', userName: 'a\0b' }), '', raw),
  answers('MQTT-1.5.3-3', 'a byte order mark is a character', connectPacket({ clientId: '\ufeffbom' }), accepted, raw),
  closes('octroi', 'a control character in the client id', connectPacket({ clientId: 'a\x07b' }), '20020002', { ...raw, note: '1.5.3 lets a server close.' }),
  closes('octroi', 'a control character in the user name', connectPacket({ clientId: 'a', userName: 'a\x07' }), '20020004', raw),
  answers('MQTT-3.1.3-5', 'a client id of 23 letters and digits', connectPacket({ clientId: '0123456789abcdefghijKLM' }), accepted, raw),
  answers('octroi', 'a client id of 128 characters', connectPacket({ clientId: 'x'.repeat(128) }), accepted, raw),
  closes('MQTT-3.1.3-9', 'a client id of 129 characters', connectPacket({ clientId: 'x'.repeat(129) }), '20020002', raw),
  closes('octroi', 'a client id of 24 characters in MQTT 3.1', rawConnect('MQIsdp', 3, clean, [text('x'.repeat(24))]), '20020002', raw),
  answers('MQTT-3.1.3-6', 'an empty client id', connectPacket({}), accepted, raw),
  closes('MQTT-3.1.3-8', 'an empty client id without a clean session', connectPacket({ clean: false }), '20020002', raw),
  answers('MQTT-3.2.2-3', 'no session is there before', connectPacket({ clientId: 'kept', clean: false }), accepted, {
    ...raw,
    note: 'Against [MQTT-3.1.2-4] no session outlives its connection: nothing is sent above QoS 0, and devices do not subscribe.',
  }),
  answers('MQTT-3.1.2-24', 'a keepalive of 0', connectPacket({ clientId: 'k', keepalive: 0 }), accepted, { ...raw, note: 'It gets an hour.' }),
  answers('MQTT-3.1.2-20', 'an empty password, which is binary', rawConnect('MQTT', 4, clean | 0xc0, [empty, text('user'), empty]), accepted, raw),
  answers('MQTT-3.1.2-20', 'a password with a NUL', rawConnect('MQTT', 4, clean | 0xc0, [empty, text('user'), bytes('00 02 00 ff')]), accepted, raw),
  closes(
    'MQTT-3.1.4-2',
    'a wrong secret, and what follows is not processed',
    Buffer.concat([connectPacket({ clientId: 'w', userName: 'meter-1', password: 'wrong' }), publishPacket(topic, '{}')]),
    '20020004',
    raw,
  ),
  answers('MQTT-3.1.4-4', 'the right secret', connectPacket({ clientId: 'r', userName: 'meter-1', password: 's3cret' }), accepted, raw),
  answers(
    'MQTT-3.1.4-4',
    'a CONNECT byte by byte',
    [...greeting].map((byte) => Buffer.from([byte])),
    accepted,
    raw,
  ),
  answers(
    'MQTT-3.1.4-5',
    'PUBLISH behind the CONNECT, not waiting for the CONNACK',
    Buffer.concat([greeting, publishPacket(topic, '{}')]),
    `${accepted}40020001`,
    {
      ...raw,
      admits: 1,
    },
  ),
  ...inherited.map((name) =>
    answers('octroi', `client id and user name ${name}`, connectPacket({ clientId: name, userName: name, password: name }), accepted, raw),
  ),
];

const will = (what: string, willTopic: string, flags = 4): Vector =>
  answers(
    'octroi',
    `a will to ${what} is not published`,
    rawConnect('MQTT', 4, clean | flags, [text('w'), text(willTopic), text('{"values":{"temperature":1}}')]),
    accepted,
    {
      ...raw,
      dies: true,
      note: 'Against [MQTT-3.1.2-8]: a will is sent by the server, so its reading would have nobody who measured it.',
    },
  );

const wills: Vector[] = [
  will('an ingest topic', topic),
  will('the topic of another device', 'city/v1/north/meter-9/telemetry', 0x0c),
  will('a public topic, retained', 'city/v1/public/forged', 0x24),
  will('$SYS', '$SYS/x/new/clients'),
  will('a wildcard', 'city/#', 0x24),
  will('the empty topic', ''),
  will('a topic of 200 levels', 'a/'.repeat(200)),
  will('__proto__', '__proto__'),
];

export const connectVectors: readonly Vector[] = [...before, ...variable, ...payload, ...wills];
