/** What MQTT 3.1.1 asks of a packet's body, and aedes does not check. Lengths and the order of packets are left to the fronts and to aedes. */
import { type Buffer, isUtf8 } from 'node:buffer';

/** The fault of a CONNECT that gets CONNACK 1 [MQTT-3.1.2-2]. */
export const levelFault = 'a protocol level other than 3 and 4';

/** The level 128 higher is how bridges announce themselves. */
const bridge = 128;
const nameOfLevel: Readonly<Record<number, string>> = { 3: 'MQIsdp', 4: 'MQTT' };

/** Where the length-prefixed field at `at` ends; -1 where it is not whole. */
const fieldEnd = (body: Buffer, at: number): number => {
  if (at < 0 || at + 2 > body.length) return -1;
  const end = at + 2 + body.readUInt16BE(at);
  return end > body.length ? -1 : end;
};

/** The same for a text; -1 also where it is not well-formed UTF-8, or has a NUL [MQTT-1.5.3-1, MQTT-1.5.3-2]. */
const textEnd = (body: Buffer, at: number): number => {
  const end = fieldEnd(body, at);
  if (end < 0) return -1;
  const text = body.subarray(at + 2, end);
  return isUtf8(text) && !text.includes(0) ? end : -1;
};

const connectFault = (body: Buffer): string | null => {
  const nameEnd = fieldEnd(body, 0);
  if (nameEnd < 0 || nameEnd + 4 > body.length) return 'a malformed CONNECT';
  const name = body.toString('latin1', 2, nameEnd);
  if (name !== 'MQTT' && name !== 'MQIsdp') return 'another protocol';
  const level = body[nameEnd] as number;
  if (nameOfLevel[level & ~bridge] !== name) return levelFault;
  const flags = body[nameEnd + 1] as number;
  const [hasUser, hasPassword, hasWill] = [(flags & 0x80) !== 0, (flags & 0x40) !== 0, (flags & 4) !== 0];
  // [MQTT-3.1.2-14], [MQTT-3.1.2-22]
  if ((flags & 0x18) === 0x18) return 'a will of QoS 3';
  if (hasPassword && !hasUser) return 'a password without a user name';
  let at = textEnd(body, nameEnd + 4);
  if (hasWill) at = fieldEnd(body, textEnd(body, at));
  if (hasUser) at = textEnd(body, at);
  if (hasPassword) at = fieldEnd(body, at);
  return at === body.length ? null : 'a malformed CONNECT';
};

/** Whether the wildcards of a filter stand where they may [MQTT-4.7.1-2, MQTT-4.7.1-3]; an empty filter is none [MQTT-4.7.3-1]. */
export const isFilter = (filter: string): boolean => {
  const levels = filter.split('/');
  return filter !== '' && levels.every((level, n) => level === '+' || (level === '#' ? n === levels.length - 1 : !/[+#]/.test(level)));
};

/** @param tail bytes after each filter: 1 in a SUBSCRIBE, 0 in an UNSUBSCRIBE */
const filtersFault = (body: Buffer, tail: 0 | 1): string | null => {
  if (body.length < 3 || body.readUInt16BE(0) === 0) return 'a malformed SUBSCRIBE';
  for (let at = 2; at < body.length; ) {
    const end = textEnd(body, at);
    if (end < 0 || end + tail > body.length) return 'a malformed SUBSCRIBE';
    if (!isFilter(body.toString('utf8', at + 2, end))) return 'a malformed filter';
    at = end + tail;
  }
  return null;
};

const publishFault = (body: Buffer, qos: number, dup: boolean): string | null => {
  if (qos === 0 && dup) return 'DUP at QoS 0';
  const end = fieldEnd(body, 0);
  if (end < 0) return 'a malformed PUBLISH';
  if (!isUtf8(body.subarray(2, end))) return 'a topic that is not UTF-8';
  if (qos === 0) return null;
  if (end + 2 > body.length) return 'a malformed PUBLISH';
  return body.readUInt16BE(end) === 0 ? 'packet id 0' : null;
};

/**
 * Why a packet ends its connection; null where its body is well formed.
 * @param type of the packet, 1 to 15
 * @param body without the fixed header; of a PUBLISH at least its variable header
 */
export const bodyFault = (type: number, qos: number, dup: boolean, body: Buffer): string | null => {
  switch (type) {
    case 1:
      return connectFault(body);
    case 3:
      return publishFault(body, qos, dup);
    case 4:
    case 5:
    case 6:
    case 7:
      return body.length !== 2 ? 'a malformed acknowledgement' : body.readUInt16BE(0) === 0 ? 'packet id 0' : null;
    case 8:
      return filtersFault(body, 1);
    case 10:
      return filtersFault(body, 0);
    case 12:
    case 14:
      return body.length === 0 ? null : 'a body where none belongs';
    default:
      return 'a packet that only servers send';
  }
};
