/** One connection as the gate sees it: who it is, what it has in flight, and why it is not read. How it is read is left to the fronts. */

/** What a front does for its connection. */
export interface Connection {
  /** Stops reading. */
  pause(): void;
  resume(): void;
  /** Counts as a sign of life. */
  touch(): void;
  /** Acknowledges a QoS 1 message that the front took itself. */
  acknowledge(packetId: number): void;
  close(): void;
}

/** Reasons not to read a connection. */
export const pausedInFlight = 1;
export const pausedRate = 2;
export const pausedWaiting = 4;
export const pausedGathering = 8;

export class Session {
  sender = '';
  /** As the CONNECT gave it; null where it gave none. */
  userName: string | null = null;
  /** The hash of the operator's secret that it has shown; null: it is no operator's. */
  operatorSecret: string | null = null;
  /** Why the CONNECT is refused before its credentials are looked at. */
  refusal: string | null = null;
  /** A CONNECT has come. */
  greeted = false;
  /** The CONNACK has gone. */
  ready = false;
  closed = false;
  /** aedes has reported an error of it. */
  failed = false;
  inFlight = 0;
  inFlightBytes = 0;
  tokens: number;
  refilledMs: number;
  rateTimer: NodeJS.Timeout | null = null;
  /** Since when a packet is unfinished, ms of the door's clock; null where none is. */
  gatheringSince: number | null = null;
  readonly subscriptions = new Set<string>();
  /** Of them, those whose retained messages are sent again after the replay under way; null where none is. */
  replayNext: Set<string> | null = null;
  /** QoS 2 messages by packet id that the log has not settled, with who waits for each. */
  readonly unsettled = new Map<number, (() => void)[]>();
  #pauses = 0;
  readonly connection: Connection;
  /** Called once the CONNACK has gone. */
  onReady: (() => void) | null = null;

  /** @param tokens of the rate limit, at first; @param nowMs of the door's clock */
  constructor(connection: Connection, tokens: number, nowMs: number) {
    this.connection = connection;
    this.tokens = tokens;
    this.refilledMs = nowMs;
  }

  get paused(): boolean {
    return this.#pauses !== 0;
  }

  isPausedFor(reason: number): boolean {
    return (this.#pauses & reason) !== 0;
  }

  /** True where it was not paused for that reason before. */
  pause(reason: number): boolean {
    const before = this.#pauses;
    this.#pauses |= reason;
    if (before === 0) this.connection.pause();
    return (before & reason) === 0;
  }

  resume(reason: number): void {
    if ((this.#pauses & reason) === 0) return;
    this.#pauses &= ~reason;
    if (this.#pauses === 0 && !this.closed) this.connection.resume();
  }

  unsubscribe(filter: string): void {
    this.subscriptions.delete(filter);
    this.replayNext?.delete(filter);
  }

  close(): void {
    this.closed = true;
    if (this.rateTimer !== null) clearTimeout(this.rateTimer);
    this.rateTimer = null;
  }
}
