/** The durable gate: every message goes to the log, and is acknowledged when the log has it. The wire is left to the fronts. */
import type { Draft } from '../core/envelope.ts';
import type { DoorLimits } from './limits.ts';
import { pausedInFlight, pausedRate, type Session } from './session.ts';
import type { TopicRule } from './topic.ts';

/** Hands an envelope to the log; `settled` is called once, when it is durable. */
export type Ingest = (draft: Draft, settled: () => void) => void;

/** What the front's own library waits for; null where nothing does, or the front acknowledges by packet id. */
export type Release = (() => void) | null;

interface Waiting {
  readonly session: Session;
  readonly draft: Draft;
  readonly release: Release;
}

export class Gate {
  readonly limits: DoorLimits;
  readonly #ingest: Ingest;
  readonly #clock: () => number;
  /** Messages that wait because the log has its hands full. The limits of each connection bound it. */
  #waiting: Waiting[] = [];
  #waitingFrom = 0;
  held = 0;
  heldBytes = 0;
  messages = 0;
  qos0Dropped = 0;

  /** @param clock ms, monotonic */
  constructor(limits: DoorLimits, ingest: Ingest, clock: () => number) {
    this.limits = limits;
    this.#ingest = ingest;
    this.#clock = clock;
  }

  /** Messages received and not settled. */
  get pending(): number {
    return this.held + this.#waiting.length - this.#waitingFrom;
  }

  /** Takes a message of an admitted session, whose topic has no fault. The payload must not change any more. */
  offer(session: Session, rule: TopicRule, payload: Uint8Array, qos: 0 | 1 | 2, dup: boolean, packetId: number, release: Release): void {
    this.#spend(session);
    const full = this.held >= this.limits.heldEnvelopesMax || this.heldBytes >= this.limits.heldBytesMax || this.#waiting.length > 0;
    if (full && qos === 0) {
      this.qos0Dropped++;
      return;
    }
    const draft: Draft = { kind: 'message', subject: rule.subject, sender: session.sender, topic: rule.topic, payload, qos, dup, packetId };
    session.inFlight++;
    session.inFlightBytes += payload.length;
    if (session.inFlight > this.limits.inFlightPerClientMax || session.inFlightBytes > this.limits.inFlightBytesPerClientMax) {
      session.pause(pausedInFlight);
    }
    if (full) this.#waiting.push({ session, draft, release });
    else this.#pass(session, draft, release);
  }

  #pass(session: Session, draft: Draft, release: Release): void {
    this.held++;
    this.heldBytes += draft.payload.length;
    this.messages++;
    // The closure keeps no hold of the payload, which is part of a larger buffer: the log has copied it.
    const { payload, qos, packetId } = draft;
    const bytes = payload.length;
    this.#ingest(draft, () => this.#settled(session, bytes, qos, packetId, release));
  }

  #settled(session: Session, bytes: number, qos: number, packetId: number, release: Release): void {
    this.held--;
    this.heldBytes -= bytes;
    this.#finish(session, bytes);
    if (!session.closed) {
      if (release !== null) release();
      else if (qos === 1) session.connection.acknowledge(packetId);
    }
    if (this.#waiting.length > 0) this.#passWaiting();
  }

  #finish(session: Session, bytes: number): void {
    session.inFlight--;
    session.inFlightBytes -= bytes;
    const { inFlightPerClientMax, inFlightBytesPerClientMax } = this.limits;
    if (session.paused && session.inFlight <= inFlightPerClientMax >> 1 && session.inFlightBytes <= inFlightBytesPerClientMax >> 1)
      session.resume(pausedInFlight);
  }

  #passWaiting(): void {
    while (this.#waitingFrom < this.#waiting.length && this.held < this.limits.heldEnvelopesMax && this.heldBytes < this.limits.heldBytesMax) {
      const { session, draft, release } = this.#waiting[this.#waitingFrom++] as Waiting;
      // Who has gone was not acknowledged, and will send it again.
      if (session.closed) this.#finish(session, draft.payload.length);
      else this.#pass(session, draft, release);
    }
    if (this.#waitingFrom === this.#waiting.length || this.#waitingFrom > 10_000) {
      this.#waiting = this.#waiting.slice(this.#waitingFrom);
      this.#waitingFrom = 0;
    }
  }

  /** A token bucket: full, it holds one second's worth; in debt, the connection is not read until it is paid off. */
  #spend(session: Session): void {
    if (--session.tokens >= 0) return;
    const rate = this.limits.ratePerDeviceMax;
    const now = this.#clock();
    session.tokens = Math.min(rate, session.tokens + ((now - session.refilledMs) * rate) / 1000);
    session.refilledMs = now;
    if (session.tokens >= 0 || session.rateTimer !== null) return;
    session.pause(pausedRate);
    session.rateTimer = setTimeout(
      () => {
        session.rateTimer = null;
        session.resume(pausedRate);
      },
      Math.ceil((-session.tokens * 1000) / rate) + 1,
    );
  }
}
