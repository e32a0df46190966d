/** The private side of aedes 1.2 that the door relies on; a canary test fails when a field is gone. Exactly that version is pinned. */
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Session } from './session.ts';

export interface AedesParser {
  readonly packet: { readonly cmd: string; readonly length: number };
  _parseLength(): boolean;
  _emitError(error: Error): boolean;
}

export interface AedesClient extends EventEmitter {
  readonly id: string;
  readonly conn: Duplex;
  readonly closed: boolean;
  readonly connected: boolean;
  readonly _parser: AedesParser;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
  /** Packets of the chunk at hand that are not done; the next chunk is read at 0. */
  _parsingBatch: number;
  pause(): void;
  resume(): void;
  close(done?: () => void): void;
  /** Set by the door. */
  session?: Session;
}

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

/** Judges each packet by its header, before its body is gathered. */
export const guardParser = (client: AedesClient, fault: (type: number, bytes: number) => string | null): void => {
  const parser = client._parser;
  const parseLength = parser._parseLength;
  parser._parseLength = () => {
    if (!parseLength.call(parser)) return false;
    const found = fault(packetTypes.indexOf(parser.packet.cmd), parser.packet.length);
    return found === null || parser._emitError(new Error(found));
  };
};
