/** What the gate itself publishes to subscribers below one prefix, and which topics of it are retained. Who may subscribe is left to `hooks.ts`. */
import type { Aedes, PublishPacket } from 'aedes';
import { fail } from '../core/failure.ts';
import type { DoorLimits } from './limits.ts';
import { topicRule } from './topic.ts';

/** Hands a packet to those who subscribed. */
export type FanOut = (packet: PublishPacket, done: (error?: Error) => void) => void;

/** Keeps the broker's fan-out to the door: no message of a device goes through it, whatever its topic, nor aedes' own `$SYS` messages, which name every client. */
export const takeFanOut = (aedes: Aedes): FanOut => {
  const fanOut: FanOut = aedes.publish.bind(aedes);
  aedes.publish = (_packet: PublishPacket, client: unknown, done?: (error?: Error) => void) => {
    const finish = typeof client === 'function' ? (client as (error?: Error) => void) : done;
    finish?.();
  };
  return fanOut;
};

const encoder = new TextEncoder();

export class OwnTopics {
  readonly #prefix: string;
  readonly #limits: DoorLimits;
  readonly #refused: (reason: string) => void;
  readonly #retained = new Map<string, PublishPacket>();
  /** Set when the broker is up. */
  fanOut: FanOut = () => {};

  constructor(prefix: string, limits: DoorLimits, refused: (reason: string) => void) {
    this.#prefix = prefix;
    this.#limits = limits;
    this.#refused = refused;
  }

  /** As `Door.publishPublic`, and `Door.publishToOperators`. */
  publish(topic: string, payload: string | Uint8Array, retain: boolean): Promise<void> {
    if (!topic.startsWith(this.#prefix) || topicRule(topic, this.#limits).fault !== null) throw fail('bad-request', `not a topic below ${this.#prefix}`, topic);
    // Not by `Buffer.from(text)`: a retained payload would hold the pool in which that puts it.
    const own = typeof payload === 'string' ? encoder.encode(payload) : payload;
    const bytes = Buffer.from(own.buffer, own.byteOffset, own.byteLength);
    const packet: PublishPacket = { cmd: 'publish', topic, payload: bytes, qos: 0, dup: false, retain };
    if (retain) this.#retain(packet);
    return new Promise((resolve, reject) => {
      this.fanOut(packet, (error) => (error ? reject(error) : resolve()));
    });
  }

  async clear(): Promise<void> {
    for (const topic of [...this.#retained.keys()]) await this.publish(topic, '', true);
  }

  retained(): Iterable<PublishPacket> {
    return this.#retained.values();
  }

  /** An empty payload forgets the topic. */
  #retain(packet: PublishPacket): void {
    const { topic, payload } = packet;
    if (payload.length === 0) {
      this.#retained.delete(topic);
      return;
    }
    if (!this.#retained.has(topic) && this.#retained.size >= this.#limits.retainedMax) {
      this.#refused('retainedMax');
      throw fail('limit-reached', `${this.#retained.size} topics are retained`, 'retainedMax');
    }
    this.#retained.set(topic, packet);
  }
}
