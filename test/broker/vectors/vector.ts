/** One conformance vector: bytes that are sent, and what must come of them. How they are run is left to `vectors.test.ts`. */
import { Buffer } from 'node:buffer';
import { connectPacket, packet, text } from '../../../simulators/mqtt-packets.ts';

export interface Vector {
  /** The normative statement of MQTT 3.1.1 that it proves, or `octroi` for a rule of our own. */
  readonly clause: `MQTT-${string}` | 'octroi';
  readonly what: string;
  /** Written one after the other: each waits for an answer to the one before, single bytes only for their turn. */
  readonly send: readonly Buffer[];
  /** All that is received, hex. */
  readonly answer: string;
  /** The server closes the connection. */
  readonly closes: boolean;
  /** Messages that reach the log; 0 where it is not said. */
  readonly admits?: number;
  /** A CONNECT is not sent before. */
  readonly raw?: true;
  /** The client dies after the answer. */
  readonly dies?: true;
  /** Where the fronts differ. */
  readonly only?: 'scanner' | 'aedes';
  /** Where the answer departs from the standard, or goes beyond it: why. */
  readonly note?: string;
}

type Rest = Partial<Pick<Vector, 'admits' | 'raw' | 'dies' | 'only' | 'note'>>;

/** The connection goes on. */
export const answers = (clause: Vector['clause'], what: string, send: Buffer | readonly Buffer[], answer: string, rest: Rest = {}): Vector => ({
  clause,
  what,
  send: Array.isArray(send) ? send : [send as Buffer],
  answer,
  closes: false,
  ...rest,
});

/** The server closes the connection, after `answer`. */
export const closes = (clause: Vector['clause'], what: string, send: Buffer | readonly Buffer[], answer = '', rest: Rest = {}): Vector => ({
  ...answers(clause, what, send, answer, rest),
  closes: true,
});

/** A CONNECT of any fields. */
export const rawConnect = (name: string, level: number, flags: number, fields: readonly Buffer[], first = 0x10): Buffer =>
  packet(first, Buffer.concat([text(name), Buffer.from([level, flags, 0, 60]), ...fields]));

export const accepted = '20020000';

/** A CONNECT that is followed by others, on a raw connection. */
export const greeting = connectPacket({ clientId: 'vector' });

export const id = (packetId: number): Buffer => Buffer.from([packetId >> 8, packetId & 255]);

export const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** Text that is none: an encoded surrogate, an overlong NUL, a lone continuation byte, a cut sequence [MQTT-1.5.3-1]. */
export const illFormed: readonly (readonly [string, Buffer])[] = [
  ['an encoded surrogate', bytes('61 ed a0 80')],
  ['an overlong NUL', bytes('61 c0 80')],
  ['a lone continuation byte', bytes('61 80')],
  ['a cut sequence', bytes('61 e2 82')],
];

/** Names that every object inherits. */
export const inherited = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
