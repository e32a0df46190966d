/** The durable gate: every message goes to the log, and is acknowledged when the log has it. The wire is left to the fronts. */
import type { Draft } from '../core/envelope.ts';
import type { DoorLimits } from './limits.ts';
import { pausedGathering, pausedInFlight, pausedRate, pausedWaiting, type Session } from './session.ts';
import type { TopicRule } from './topic.ts';

/** Hands an envelope to the log; `settled` is called once, when it is durable. */
export type Ingest = (draft: Draft, settled: () => void) => void;

/** What the front's own library waits for; null where nothing does, or the front acknowledges by packet id. */
export type Release = (() => void) | null;

interface Waiting {
  readonly session: Session;
  /** Null where its sender has gone. */
  draft: Draft | null;
  readonly release: Release;
}

export class Gate {
  readonly limits: DoorLimits;
  readonly #ingest: Ingest;
  readonly #clock: () => number;
  /** Messages that wait because the log has its hands full. */
  #waiting: Waiting[] = [];
  #waitingFrom = 0;
  #waitingGone = 0;
  readonly #waitingOf = new Map<Session, Waiting[]>();
  /** Not read until less waits, and until less is gathered. */
  readonly #stalled = { waiting: new Set<Session>(), gathering: new Set<Session>() };
  waitingBytes = 0;
  /** Bytes of packets that have not wholly come. */
  gatheredBytes = 0;
  held = 0;
  heldBytes = 0;
  messages = 0;
  qos0Dropped = 0;
  /** How often each limit that slows somebody down, or drops QoS 0, was reached. */
  readonly slowed = {
    inFlightPerClientMax: 0,
    inFlightBytesPerClientMax: 0,
    heldEnvelopesMax: 0,
    heldBytesMax: 0,
    waitingBytesMax: 0,
    gatheredBytesMax: 0,
    ratePerDeviceMax: 0,
  };

  /** @param clock ms, monotonic */
  constructor(limits: DoorLimits, ingest: Ingest, clock: () => number) {
    this.limits = limits;
    this.#ingest = ingest;
    this.#clock = clock;
  }

  /** Of its clock, ms. */
  now(): number {
    return this.#clock();
  }

  /** Messages received and not settled. */
  get pending(): number {
    return this.held + this.#waiting.length - this.#waitingFrom - this.#waitingGone;
  }

  /** Takes a message of an admitted session, whose topic has no fault. The payload must not change any more. */
  offer(session: Session, rule: TopicRule, payload: Uint8Array, qos: 0 | 1 | 2, dup: boolean, packetId: number, release: Release): void {
    this.spend(session);
    const full = this.#isFull();
    if (full && qos === 0) {
      this.qos0Dropped++;
      return;
    }
    const draft: Draft = { kind: 'message', subject: rule.subject, sender: session.sender, topic: rule.topic, payload, qos, dup, packetId };
    session.inFlight++;
    session.inFlightBytes += payload.length;
    const tooMany = session.inFlight > this.limits.inFlightPerClientMax;
    if ((tooMany || session.inFlightBytes > this.limits.inFlightBytesPerClientMax) && session.pause(pausedInFlight)) {
      this.slowed[tooMany ? 'inFlightPerClientMax' : 'inFlightBytesPerClientMax']++;
    }
    if (full) this.#wait(session, draft, release);
    else this.#pass(session, draft, release);
  }

  /**
   * Counts the bytes of unfinished packets; whoever adds to them above the limit, and holds more than each may, is not read.
   * @param bytes that this one holds now @param bytesMore than when it was last counted
   */
  gathered(session: Session, bytes: number, bytesMore: number): void {
    this.gatheredBytes += bytesMore;
    const { gatheredBytesMax, gatheredBytesPerClientFree } = this.limits;
    if (bytesMore > 0 && bytes > gatheredBytesPerClientFree && this.gatheredBytes > gatheredBytesMax) {
      if (session.pause(pausedGathering)) this.slowed.gatheredBytesMax++;
      this.#stalled.gathering.add(session);
    } else if (bytesMore < 0 && this.gatheredBytes <= gatheredBytesMax) this.#unstall('gathering', pausedGathering);
  }

  /** Lets go of what waits of a session that has ended: it was not acknowledged, and will be sent again. */
  forget(session: Session): void {
    this.#stalled.waiting.delete(session);
    this.#stalled.gathering.delete(session);
    const gone = this.#waitingOf.get(session);
    if (gone === undefined) return;
    this.#waitingOf.delete(session);
    for (const one of gone) {
      this.waitingBytes -= one.draft?.payload.length ?? 0;
      one.draft = null;
    }
    this.#waitingGone += gone.length;
    if (this.#waitingGone > 1_000 && this.#waitingGone > (this.#waiting.length - this.#waitingFrom) / 2) {
      this.#waiting = this.#waiting.filter(({ draft }, n) => n >= this.#waitingFrom && draft !== null);
      this.#waitingFrom = 0;
      this.#waitingGone = 0;
    }
  }

  #isFull(): boolean {
    const { heldEnvelopesMax, heldBytesMax } = this.limits;
    if (this.held >= heldEnvelopesMax) this.slowed.heldEnvelopesMax++;
    else if (this.heldBytes >= heldBytesMax) this.slowed.heldBytesMax++;
    else return this.#waiting.length > 0;
    return true;
  }

  #wait(session: Session, draft: Draft, release: Release): void {
    // A copy: the payload is part of a larger buffer, which need not be kept for it.
    const one: Waiting = { session, draft: { ...draft, payload: Uint8Array.from(draft.payload) }, release };
    this.#waiting.push(one);
    const own = this.#waitingOf.get(session);
    if (own === undefined) this.#waitingOf.set(session, [one]);
    else own.push(one);
    this.waitingBytes += draft.payload.length;
    if (this.waitingBytes <= this.limits.waitingBytesMax) return;
    if (session.pause(pausedWaiting)) this.slowed.waitingBytesMax++;
    this.#stalled.waiting.add(session);
  }

  #unstall(what: 'waiting' | 'gathering', reason: number): void {
    const stalled = this.#stalled[what];
    if (stalled.size === 0) return;
    const sessions = [...stalled];
    stalled.clear();
    for (const session of sessions) {
      if (reason === pausedGathering && session.gatheringSince !== null) session.gatheringSince = this.#clock();
      session.resume(reason);
    }
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
      if (draft === null) this.#waitingGone--;
      else this.#passFirst(session, draft, release);
    }
    if (this.#waitingFrom === this.#waiting.length || this.#waitingFrom > 10_000) {
      this.#waiting = this.#waiting.slice(this.#waitingFrom);
      this.#waitingFrom = 0;
    }
    if (this.waitingBytes <= this.limits.waitingBytesMax / 2) this.#unstall('waiting', pausedWaiting);
  }

  #passFirst(session: Session, draft: Draft, release: Release): void {
    const own = this.#waitingOf.get(session);
    own?.shift();
    if (own?.length === 0) this.#waitingOf.delete(session);
    this.waitingBytes -= draft.payload.length;
    // Its sender may have become known while it waited.
    const { sender } = session;
    this.#pass(session, draft.sender === sender ? draft : { ...draft, sender }, release);
  }

  /** Counts a packet, or as many, against the rate of its connection, a token bucket: full, it holds one second's worth; in debt, the connection is not read until it is paid off. */
  spend(session: Session, packets = 1): void {
    session.tokens -= packets;
    if (session.tokens >= 0) return;
    const rate = this.limits.ratePerDeviceMax;
    const now = this.#clock();
    session.tokens = Math.min(rate, session.tokens + ((now - session.refilledMs) * rate) / 1000);
    session.refilledMs = now;
    if (session.tokens >= 0 || session.rateTimer !== null) return;
    if (session.pause(pausedRate)) this.slowed.ratePerDeviceMax++;
    session.rateTimer = setTimeout(
      () => {
        session.rateTimer = null;
        session.resume(pausedRate);
      },
      Math.ceil((-session.tokens * 1000) / rate) + 1,
    );
  }
}
