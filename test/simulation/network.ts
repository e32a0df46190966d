/**
 * The way between devices and the gate: it loses, repeats, delays, reorders and cuts. A QoS 1 message is sent until it is acknowledged.
 * What is said is left to `fleet.ts`, what is acknowledged to the gate.
 */
import type { Chance } from './chance.ts';

/** A PUBLISH of a device, as often as it is sent. */
export interface Message {
  readonly id: number;
  readonly subject: string;
  readonly sender: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  sentAt: number;
  acknowledged: boolean;
}

interface Packet {
  readonly dueAt: number;
  readonly order: number;
  readonly message: Message;
  /** A PUBACK on its way back, or a PUBLISH on its way to the gate. */
  readonly isAck: boolean;
  readonly dup: boolean;
}

const resendMs = 12_000;

export class Network {
  readonly #chance: Chance;
  #packets: Packet[] = [];
  #order = 0;
  /** QoS 1 messages without acknowledgement, oldest first. */
  #open: Message[] = [];
  /** How often it loses and repeats, 0 to 1. */
  loss = 0.05;
  repeats = 0.05;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  get unacknowledged(): number {
    return this.#open.length;
  }

  /** True where nothing is on its way. */
  get isIdle(): boolean {
    return this.#packets.length === 0;
  }

  openOf(subject: string): number {
    return this.#open.reduce((count, message) => count + (message.subject === subject ? 1 : 0), 0);
  }

  publish(message: Message, now: number): void {
    if (message.qos === 1) this.#open.push(message);
    this.#send(message, now, false, false);
  }

  acknowledge(message: Message, now: number): void {
    if (message.qos === 1) this.#send(message, now, true, false);
  }

  /** Everything on its way is lost: connections have ended. */
  cut(): void {
    this.#packets = [];
  }

  /** PUBLISHes that reach the gate by `now`, in the order of their arrival. */
  arrivals(now: number): { readonly message: Message; readonly dup: boolean }[] {
    for (const message of this.#open) if (now - message.sentAt >= resendMs) this.#send(message, now, false, true);
    const due = this.#packets.filter(({ dueAt }) => dueAt <= now).sort((a, b) => a.dueAt - b.dueAt || a.order - b.order);
    this.#packets = this.#packets.filter(({ dueAt }) => dueAt > now);
    for (const { isAck, message } of due) if (isAck) message.acknowledged = true;
    this.#open = this.#open.filter(({ acknowledged }) => !acknowledged);
    return due.filter(({ isAck }) => !isAck);
  }

  #send(message: Message, now: number, isAck: boolean, dup: boolean): void {
    if (!isAck) message.sentAt = now;
    if (this.#chance.hit(this.loss)) return;
    const copies = !isAck && this.#chance.hit(this.repeats) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delayMs = this.#chance.hit(0.05) ? this.#chance.below(90_000) : this.#chance.below(1_500);
      this.#packets.push({ dueAt: now + delayMs, order: this.#order++, message, isAck, dup: dup || (copy > 0 && message.qos === 1) });
    }
  }
}
