/**
 * The scanner front: takes PUBLISH of QoS 0 and 1 off the socket by itself, at a fraction of a full parser's cost, and hands every other
 * packet but PINGREQ to aedes through a tunnel. MQTT 3.1 and 3.1.1; the packet's own rules are in clause 3.3 of the latter.
 */
import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import type { TextCache } from '../core/text-cache.ts';
import type { AedesClient } from './aedes-client.ts';
import type { Gate } from './gate.ts';
import { packetFault } from './limits.ts';
import type { Connection, Session } from './session.ts';
import type { TopicRule } from './topic.ts';

const typeConnect = 1;
const typePublish = 3;
const typeSubscribe = 8;
const typeUnsubscribe = 10;
/** How long a closing connection may take what was written to it, ms. */
const lastWriteMs = 1_000;

/** Pieces of a packet below it are joined as they come. */
const smallBytes = 8_192;
/** What may stand in the tunnel before the socket is not read. */
const tunnelBytesMax = 4_096;
const pingRequest = 0xc0;
const pingResponse = Buffer.from([0xd0, 0]);

/** Type and flags, and one to four bytes of length [MQTT-2.2.3]. */
const headBytesMax = 5;

/** Bytes of the fixed header at `at`; 0 or negative, as many as are there, where it is not whole or too long. */
const headBytes = (buffer: Buffer, at: number): number => {
  let head = 1;
  while (at + head < buffer.length) {
    if ((buffer[at + head++] as number) < 128) return head;
    if (head === headBytesMax) return -headBytesMax;
  }
  return -head;
};

const lengthOf = (buffer: Buffer, at: number): number => {
  let length = 0;
  for (let i = 1; ; i++) {
    const byte = buffer[at + i] as number;
    length |= (byte & 127) << (7 * (i - 1));
    if (byte < 128) return length;
  }
};

/** The side of the connection that aedes sees. */
class Tunnel extends Duplex {
  readonly #socket: Duplex;
  readonly #wanted: () => void;
  readonly #gone: () => void;

  /** @param wanted aedes takes more; @param gone aedes is done with the connection */
  constructor(socket: Duplex, wanted: () => void, gone: () => void) {
    // Small: aedes takes all that is there at once.
    super({ allowHalfOpen: false, readableHighWaterMark: tunnelBytesMax });
    this.#socket = socket;
    this.#wanted = wanted;
    this.#gone = gone;
  }

  override _read(): void {
    this.#wanted();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // A socket that is gone closes the tunnel by itself.
    this.#socket.write(chunk, () => done());
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), () => done());
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.#gone();
    const socket = this.#socket;
    if (socket.writableLength > 0 && !socket.destroyed) {
      // What was written, a CONNACK that refuses for one, still goes out, if the client takes it.
      const timer = setTimeout(() => socket.destroy(), lastWriteMs);
      socket.end(() => socket.destroy());
      socket.once('close', () => clearTimeout(timer));
    } else socket.destroy();
    done();
  }
}

/** Sessions whose acknowledgements of this turn are not written yet. */
const unwritten: Scanner[] = [];

const writeAcknowledgements = (): void => {
  for (const scanner of unwritten.splice(0)) scanner.flush();
};

export class Scanner implements Connection {
  readonly tunnel: Tunnel;
  client: AedesClient | null = null;
  readonly #socket: Duplex;
  readonly #gate: Gate;
  readonly #session: Session;
  readonly #topics: TextCache<TopicRule>;
  readonly #refused: (reason: string) => void;
  #chunks: Buffer[] = [];
  #length = 0;
  /** Bytes of an unfinished packet that the gate was told of. */
  #gathered = 0;
  /** Bytes without which scanning is of no use. */
  #needed = 2;
  /** aedes has not taken what it was given. */
  #tunnelFull = false;
  /** The gate asked to stop, or aedes has not answered the CONNECT. */
  #stopped = false;
  #scanning = false;
  #acknowledgements: number[] = [];

  constructor(socket: Duplex, gate: Gate, makeSession: (connection: Connection) => Session, topics: TextCache<TopicRule>, refused: (reason: string) => void) {
    this.#socket = socket;
    this.#gate = gate;
    this.#session = makeSession(this);
    this.#topics = topics;
    this.#refused = refused;
    this.tunnel = new Tunnel(
      socket,
      () => {
        if (!this.#tunnelFull) return;
        this.#tunnelFull = false;
        this.#go();
      },
      () => this.#session.close(),
    );
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.tunnel.push(null));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#drop();
      this.tunnel.destroy();
    });
  }

  get session(): Session {
    return this.#session;
  }

  /** aedes has accepted the CONNECT: what followed it is read. */
  ready(): void {
    this.#session.ready = true;
    this.#go();
  }

  pause(): void {
    this.#stopped = true;
  }

  resume(): void {
    this.#stopped = false;
    // Not in the turn of the acknowledgements: they are written first.
    setImmediate(() => this.#go());
  }

  touch(): void {
    this.client?._keepaliveTimer?.refresh();
  }

  acknowledge(packetId: number): void {
    if (this.#acknowledgements.push(packetId) > 1) return;
    if (unwritten.push(this) === 1) queueMicrotask(writeAcknowledgements);
  }

  close(): void {
    this.#session.close();
    this.#drop();
    this.tunnel.destroy();
  }

  /** Writes the acknowledgements of one group in one piece. */
  flush(): void {
    const ids = this.#acknowledgements;
    this.#acknowledgements = [];
    if (this.#session.closed) return;
    const bytes = Buffer.allocUnsafe(4 * ids.length);
    for (let i = 0; i < ids.length; i++) bytes.writeUInt32BE(0x40020000 + (ids[i] as number), 4 * i);
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    this.#socket.write(bytes);
    if (this.#socket.writableLength > this.#gate.limits.unreadAckBytesMax) this.#refuse('unreadAckBytesMax');
  }

  #take(chunk: Buffer): void {
    if (this.#length === 0 && chunk.length >= this.#needed) {
      this.#go(chunk);
      return;
    }
    this.#length += chunk.length;
    this.#gather(Buffer.copyBytesFrom(chunk));
    if (this.#length >= this.#needed) this.#go();
    else this.#count();
  }

  /** Small pieces are joined as they come, each at least twice as large as the next: a buffer a byte would cost a hundred times as much. */
  #gather(chunk: Buffer): void {
    const chunks = this.#chunks;
    let last = chunk;
    for (let before = chunks.at(-1); before !== undefined && last.length < smallBytes && before.length < 2 * last.length; before = chunks.at(-1)) {
      chunks.pop();
      last = Buffer.concat([before, last]);
    }
    chunks.push(last);
  }

  /** Tells the gate how much of an unfinished packet is here; what is whole and not read yet is not counted. */
  #count(): void {
    const now = this.#length >= this.#needed || this.#session.closed ? 0 : this.#length;
    const more = now - this.#gathered;
    if (more === 0) return;
    this.#gathered = now;
    if (now === 0) this.#session.gatheringSince = null;
    else this.#session.gatheringSince ??= this.#gate.now();
    this.#gate.gathered(this.#session, now, more);
  }

  #drop(): void {
    this.#chunks = [];
    this.#length = 0;
    this.#count();
  }

  get #held(): boolean {
    return this.#stopped || this.#tunnelFull || (this.#session.greeted && !this.#session.ready);
  }

  /** @param chunk lent by the socket, where nothing came before it */
  #go(chunk?: Buffer): void {
    if (this.#scanning || this.#session.closed) return;
    this.#scanning = true;
    if (chunk !== undefined || this.#length >= this.#needed) {
      const buffer = chunk ?? (this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks));
      const at = this.#scan(buffer);
      const rest = buffer.subarray(at);
      // A short rest must not keep the whole buffer, and a lent one cannot be kept.
      this.#chunks = rest.length === 0 ? [] : [chunk !== undefined || at > rest.length ? Buffer.copyBytesFrom(rest) : rest];
      this.#length = rest.length;
      // Another packet has begun.
      if (at > 0) this.#session.gatheringSince = null;
    }
    this.#scanning = false;
    if (this.#session.closed) this.#drop();
    else this.#count();
    if (this.#held) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** Takes whole packets from the buffer; returns where the rest begins, and sets how many bytes that rest needs. */
  #scan(buffer: Buffer): number {
    let at = 0;
    let alive = false;
    let pings = 0;
    this.#needed = 2;
    while (buffer.length - at >= 2 && !this.#held && !this.#session.closed) {
      const flags = buffer[at] as number;
      const head = headBytes(buffer, at);
      if (head <= 0) {
        this.#needed = 1 - head;
        if (this.#needed > headBytesMax) this.#refuse('a malformed length');
        break;
      }
      const length = lengthOf(buffer, at);
      const fault = packetFault(flags >> 4, length, !this.#session.greeted, this.#gate.limits);
      if (fault !== null && !this.#refuse(fault)) break;
      const end = at + head + length;
      if (buffer.length < end) {
        this.#needed = end - at;
        break;
      }
      if (flags >> 4 === typePublish && (flags & 0b100) === 0) {
        alive = true;
        if (!this.#publish(buffer, at + head, end, flags)) break;
      } else if (flags === pingRequest && length === 0) {
        alive = true;
        pings++;
        this.#gate.spend(this.#session);
      } else {
        if (flags >> 4 === typeConnect) this.#session.greeted = true;
        // A PUBLISH is counted by the gate.
        else if (flags >> 4 !== typePublish) this.#gate.spend(this.#session, this.#weight(flags >> 4));
        if (!this.tunnel.push(Buffer.copyBytesFrom(buffer, at, end - at))) this.#tunnelFull = true;
      }
      at = end;
    }
    if (alive) this.touch();
    if (pings > 0 && !this.#session.closed) this.#write(Buffer.concat(Array<Buffer>(pings).fill(pingResponse)));
    return at;
  }

  /** Packets that one of this type counts as. */
  #weight(type: number): number {
    return type === typeSubscribe || type === typeUnsubscribe ? this.#gate.limits.packetsPerSubscribe : 1;
  }

  /** False where the packet ends the connection. */
  #publish(buffer: Buffer, start: number, end: number, flags: number): boolean {
    const qos = ((flags >> 1) & 3) as 0 | 1;
    const topicStart = start + 2;
    const topicEnd = topicStart <= end ? topicStart + buffer.readUInt16BE(start) : end + 1;
    const payloadStart = topicEnd + 2 * qos;
    if (payloadStart > end) return this.#refuse('a malformed PUBLISH');
    // [MQTT-3.3.1-2]
    if (qos === 0 && (flags & 8) !== 0) return this.#refuse('DUP at QoS 0');
    const rule = this.#topics.get(buffer, topicStart, topicEnd);
    if (rule === null) return this.#refuse('a topic that is not UTF-8');
    if (rule.fault !== null) return this.#refuse(rule.fault);
    const packetId = qos === 0 ? 0 : buffer.readUInt16BE(topicEnd);
    // [MQTT-2.3.1-1]
    if (qos === 1 && packetId === 0) return this.#refuse('packet id 0');
    this.#gate.offer(this.#session, rule, buffer.subarray(payloadStart, end), qos, (flags & 8) !== 0, packetId, null);
    return true;
  }

  #refuse(reason: string): false {
    this.#refused(reason);
    this.close();
    return false;
  }
}
