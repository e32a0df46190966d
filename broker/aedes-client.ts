/** The private side of aedes 1.2 that the door relies on; a canary test fails when a field is gone. Exactly that version is pinned. */
import { Buffer } from 'node:buffer';
import type { EventEmitter } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import type { Aedes, Client, PublishPacket } from 'aedes';
import { bodyFault, levelFault } from './grammar.ts';
import type { Session } from './session.ts';

export interface AedesParser {
  readonly packet: { readonly cmd: string; readonly length: number; readonly qos: number; readonly dup: boolean };
  /** What has come and is not parsed. */
  readonly _list: { readonly length: number; slice(start: number, end: number): Buffer };
  _parseLength(): boolean;
  _parsePayload(): boolean;
  _emitError(error: Error): boolean;
}

export interface AedesClient extends EventEmitter {
  readonly id: string;
  readonly conn: Duplex;
  readonly closed: boolean;
  readonly connected: boolean;
  readonly _parser: AedesParser;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
  /** Packet ids of QoS 2 between PUBREC and PUBREL. */
  readonly _inboundInflight: Set<number>;
  /** Packets of the chunk at hand that are not done; the next chunk is read at 0. */
  _parsingBatch: number;
  pause(): void;
  resume(): void;
  close(done?: () => void): void;
  /** Set by the door. */
  session?: Session;
}

interface RetainedMessages {
  /** Packets that any of the filters match; aedes asks right after its event `subscribe`. */
  createRetainedStreamCombi(filters: readonly string[]): Readable;
  storeRetained(packet: PublishPacket): Promise<void>;
}

/** A client of aedes with its private side: the only place where the types of aedes are left behind. */
export const privateOf = (client: Client): AedesClient => client as unknown as AedesClient;

/** The session that the door gave a client; undefined for nobody's, and for one that aedes made without the door. */
export const sessionOf = (client: Client | null): Session | undefined => (client === null ? undefined : privateOf(client).session);

/** Where aedes keeps what is retained. */
export const retainedOf = (aedes: Aedes): RetainedMessages => (aedes as unknown as { readonly persistence: RetainedMessages }).persistence;

const packetTypes = [
  '',
  'connect',
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'pingreq',
  'pingresp',
  'disconnect',
];

const connackLevel = Buffer.from([0x20, 2, 0, 1]);
/** A topic and a packet id, with their length. */
const publishHeadMax = 2 + 65_535 + 2;

/** Judges each packet by its header, before its body is gathered, and then by its body; `refused` is told why one was not taken. */
export const guardParser = (client: AedesClient, headerFault: (type: number, bytes: number) => string | null, refused: (reason: string) => void): void => {
  const parser = client._parser;
  const { _parseLength: parseLength, _parsePayload: parsePayload } = parser;
  const refuse = (reason: string): boolean => {
    refused(reason);
    return parser._emitError(new Error(reason));
  };
  parser._parseLength = () => {
    if (!parseLength.call(parser)) return false;
    const found = headerFault(packetTypes.indexOf(parser.packet.cmd), parser.packet.length);
    return found === null || refuse(found);
  };
  parser._parsePayload = () => {
    const { cmd, length, qos, dup } = parser.packet;
    if (parser._list.length < length) return false;
    const type = packetTypes.indexOf(cmd);
    const body = parser._list.slice(0, cmd === 'publish' ? Math.min(length, publishHeadMax) : length);
    const found = bodyFault(type, qos, dup, body);
    // aedes frees the place later than it takes the next packet, and would close a client for one too many.
    if (cmd === 'pubrel' && found === null) client._inboundInflight.delete(body.readUInt16BE(0));
    if (found === levelFault) client.conn.write(connackLevel);
    return found === null ? parsePayload.call(parser) : refuse(found);
  };
};
