/** The public feed's side of the door: what is published to subscribers, and which topics are retained. Who may subscribe is left to `hooks.ts`. */
import type { Aedes, PublishPacket } from 'aedes';
import { fail } from '../core/failure.ts';
import type { DoorLimits } from './limits.ts';
import { publicPrefix, topicRule } from './topic.ts';

export class PublicTopics {
  readonly #limits: DoorLimits;
  readonly #refused: (reason: string) => void;
  readonly #retained = new Set<string>();
  #fanOut: (packet: PublishPacket, done: (error?: Error) => void) => void = () => {};

  constructor(limits: DoorLimits, refused: (reason: string) => void) {
    this.#limits = limits;
    this.#refused = refused;
  }

  /** Keeps the broker's fan-out to itself: no message of a device goes through it, whatever its topic, nor aedes' own `$SYS` messages, which name every client. */
  take(aedes: Aedes): void {
    this.#fanOut = aedes.publish.bind(aedes);
    aedes.publish = (_packet: PublishPacket, client: unknown, done?: (error?: Error) => void) => {
      const finish = typeof client === 'function' ? (client as (error?: Error) => void) : done;
      finish?.();
    };
  }

  /** As `Door.publishPublic`. */
  publish(topic: string, payload: string | Uint8Array, retain: boolean): Promise<void> {
    if (!topic.startsWith(publicPrefix) || topicRule(topic, this.#limits).fault !== null) throw fail('bad-request', 'not a public topic', topic);
    if (retain) this.#retain(topic, payload.length);
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    return new Promise((resolve, reject) => {
      this.#fanOut({ cmd: 'publish', topic, payload: bytes, qos: 0, dup: false, retain }, (error) => (error ? reject(error) : resolve()));
    });
  }

  async clear(): Promise<void> {
    for (const topic of [...this.#retained]) await this.publish(topic, '', true);
  }

  /** An empty payload forgets the topic. */
  #retain(topic: string, bytes: number): void {
    if (bytes === 0) this.#retained.delete(topic);
    else if (!this.#retained.has(topic)) {
      if (this.#retained.size >= this.#limits.retainedMax) {
        this.#refused('retainedMax');
        throw fail('limit-reached', `${this.#retained.size} topics are retained`, 'retainedMax');
      }
      this.#retained.add(topic);
    }
  }
}
