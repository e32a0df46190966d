/** MQTT 3.1.1 packets as a client sends them, byte for byte. Sockets, sessions and what a message says are left to others. */

/** Packet types with their flags, first byte. MQTT 3.1.1 §2.2. */
export const packetType = {
  connect: 0x10,
  connack: 0x20,
  publish: 0x30,
  publishQos1: 0x32,
  puback: 0x40,
  subscribe: 0x82,
  ping: 0xc0,
  disconnect: 0xe0,
} as const;
/** §3.3.1.1 */
export const dupFlag = 0x08;

const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

/** Length-prefixed UTF-8, or bytes that claim to be, §1.5.3. */
export const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint16(bytes.length), bytes]);
};

/** §2.2.3: seven bits a byte, lowest first. */
export const lengthBytes = (length: number): Buffer => {
  const bytes: number[] = [];
  let left = length;
  do {
    bytes.push((left % 128) | (left >= 128 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.from(bytes);
};

/** A packet of these parts behind its fixed header. */
export const packet = (first: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([first]), lengthBytes(body.length), body]);
};

export interface ConnectOptions {
  readonly clientId?: string;
  readonly userName?: string;
  readonly password?: string;
  /** Seconds; default 60, 0: none. */
  readonly keepalive?: number;
  readonly clean?: boolean;
  /** 4 is MQTT 3.1.1. */
  readonly level?: number;
  readonly will?: { readonly topic: string; readonly payload: string };
}

/** §3.1 */
export const connectPacket = ({ clientId = '', userName, password, keepalive = 60, clean = true, level = 4, will }: ConnectOptions = {}): Buffer => {
  const flags = (clean ? 2 : 0) | (will ? 4 : 0) | (userName === undefined ? 0 : 128) | (password === undefined ? 0 : 64);
  const parts = [text('MQTT'), Buffer.from([level, flags]), uint16(keepalive), text(clientId)];
  if (will) parts.push(text(will.topic), text(will.payload));
  if (userName !== undefined) parts.push(text(userName));
  if (password !== undefined) parts.push(text(password));
  return packet(packetType.connect, ...parts);
};

/** §3.3 */
export const publishPacket = (topic: string | Buffer, payload: string | Buffer, qos = 1, packetId = 1, dup = false, retain = false): Buffer => {
  const id = qos === 0 ? Buffer.alloc(0) : uint16(packetId);
  return packet(packetType.publish | (qos << 1) | (dup ? dupFlag : 0) | (retain ? 1 : 0), text(topic), id, Buffer.from(payload as string));
};

/** §3.8, with QoS 0 for each filter. */
export const subscribePacket = (filters: readonly string[], packetId = 1): Buffer =>
  packet(packetType.subscribe, uint16(packetId), ...filters.flatMap((filter) => [text(filter), Buffer.from([0])]));

export const pingPacket = Buffer.from([packetType.ping, 0]);
export const disconnectPacket = Buffer.from([packetType.disconnect, 0]);
