/** The MQTT door: listens, lets in, and passes every message to the gate. What messages mean is left to the pipeline. */
import type { IncomingMessage } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes, type PublishPacket } from 'aedes';
import { TextCache } from '../core/text-cache.ts';
import { type AedesClient, guardParser, privateOf, sessionOf } from './aedes-client.ts';
import { Gate, type Ingest } from './gate.ts';
import { hooks } from './hooks.ts';
import { type AdmissionRules, admit } from './identity.ts';
import { type DoorLimits, limitsOf, packetFault } from './limits.ts';
import { listening, type WebSocketDoor, webSocketDoor } from './listen.ts';
import { OwnTopics, takeFanOut } from './own-topics.ts';
import { takeReplays } from './replays.ts';
import { Scanner } from './scanner.ts';
import { type Connection, pausedGathering, Session } from './session.ts';
import { sharedReads } from './shared-reads.ts';
import { operatorPrefix, publicPrefix, topicRule } from './topic.ts';

export interface DoorOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Port of MQTT over WebSocket; null: none. */
  readonly wsPort: number | null;
  /** `scanner` takes plain messages off the socket itself; `aedes` leaves everything to the library. */
  readonly front?: 'scanner' | 'aedes';
  readonly limits?: Partial<DoorLimits>;
  readonly admission: Omit<AdmissionRules, 'strangersMax'>;
  readonly ingest: Ingest;
}

/** What the door has counted since it opened; `connections`, `strangers`, `held` and the three of bytes are of this moment. */
export interface DoorCounters {
  readonly connections: number;
  readonly strangers: number;
  /** Messages received and not settled. */
  readonly held: number;
  readonly heldBytes: number;
  /** Bytes of payload that wait because the log has its hands full. */
  readonly waitingBytes: number;
  /** Bytes of packets that have not wholly come. */
  readonly gatheredBytes: number;
  /** Messages handed to the log. */
  readonly messages: number;
  readonly qos0Dropped: number;
  /** Connections, publications and subscriptions refused, by reason: the limit's name where it was one. */
  readonly refused: Readonly<Record<string, number>>;
  /** How often a limit that slows a sender down, or drops QoS 0, was reached, by its name. */
  readonly slowed: Readonly<Gate['slowed']>;
  /** Public messages that a slow subscriber missed. */
  readonly forwardsDropped: number;
}

export interface Door {
  readonly port: number;
  readonly wsPort: number | null;
  /**
   * Publishes a message of the public feed at QoS 0; resolves when it has gone to the subscribers.
   * @throws FailureError `bad-request` for a topic outside `city/v1/public/`, `limit-reached` for one retained topic too many
   */
  publishPublic(topic: string, payload: string | Uint8Array, retain: boolean): Promise<void>;
  /** Forgets every retained message, and tells its subscribers with an empty one: who publishes next begins anew. */
  clearPublic(): Promise<void>;
  /** As `publishPublic`, below `city/v1/operators/`, always retained; an empty payload forgets the topic. */
  publishToOperators(topic: string, payload: string): Promise<void>;
  /** As `clearPublic`, of what is for operators. */
  clearOperators(): Promise<void>;
  /** Ends the connections of operators that are none any more, or whose secret is another one. */
  revoke(): void;
  /**
   * Tells that these names are declared from here on: connections that gave one of them speak for it, without a new
   * CONNECT; where it has a secret they end, since they have not shown it.
   */
  recognise(names: ReadonlySet<string>): void;
  counters(): DoorCounters;
  /** Stops listening and closes every connection. What was not acknowledged, its sender sends again. */
  close(): Promise<void>;
}

/** The keepalive of connections that wait for the log is renewed that often, and packets that do not end are looked for, ms. */
const sweepEveryMs = 500;

/** Monotonic, ms. */
const clock = (): number => performance.now();

class OpenDoor implements Door {
  port = 0;
  wsPort: number | null = null;
  readonly #options: DoorOptions;
  readonly #limits: DoorLimits;
  readonly #gate: Gate;
  readonly #topics: TextCache<ReturnType<typeof topicRule>>;
  readonly #sockets = new Map<Duplex, Session>();
  readonly #clients = new Map<string, Session>();
  readonly #public: OwnTopics;
  readonly #operators: OwnTopics;
  readonly #refused = new Map<string, number>();
  #forwardsDropped = 0;
  readonly #strangers = new Set<Session>();
  #aedes: Aedes | null = null;
  #tcp: Server | null = null;
  #webSocket: WebSocketDoor | null = null;
  #timer: NodeJS.Timeout | null = null;
  #sweptAt: number;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#limits = limitsOf(options.limits ?? {});
    this.#sweptAt = clock();
    this.#gate = new Gate(this.#limits, options.ingest, clock);
    this.#public = new OwnTopics(publicPrefix, this.#limits, (reason) => this.#refuse(reason));
    this.#operators = new OwnTopics(operatorPrefix, this.#limits, (reason) => this.#refuse(reason));
    this.#topics = new TextCache((topic) => topicRule(topic, this.#limits));
  }

  async open(): Promise<void> {
    const { host, port, wsPort, admission } = this.#options;
    const limits = this.#limits;
    this.#aedes = new Aedes({
      ...hooks({
        gate: this.#gate,
        admit: (credentials) => admit(credentials, { ...admission, strangersMax: limits.strangersMax }, this.#strangers.size),
        holder: (clientId) => this.#clients.get(clientId),
        strangers: this.#strangers,
        refused: (reason) => this.#refuse(reason),
        forwardDropped: () => this.#forwardsDropped++,
      }),
      connectTimeout: limits.connectTimeoutMs,
      drainTimeout: limits.drainTimeoutMs,
      maxInflightInbound: limits.qos2OpenPerClientMax,
      // Of what follows a CONNECT in one chunk, before its CONNACK: a device need not wait for it. No further chunk is read until then.
      queueLimit: Number.MAX_SAFE_INTEGER,
      concurrency: 1000,
    });
    await this.#aedes.listen();
    this.#public.fanOut = takeFanOut(this.#aedes);
    this.#operators.fanOut = this.#public.fanOut;
    takeReplays(this.#aedes, () => this.#retained());
    this.#follow(this.#aedes);
    try {
      const isAedes = this.#options.front === 'aedes';
      this.#tcp = createServer({ noDelay: true, pauseOnConnect: !isAedes }, (socket: Socket) => this.#enter(isAedes ? socket : sharedReads(socket)));
      this.port = await listening(this.#tcp, host, port);
      if (wsPort !== null) this.wsPort = await this.#openWebSocket(host, wsPort);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#timer = setInterval(() => this.#sweep(), sweepEveryMs);
  }

  publishPublic(topic: string, payload: string | Uint8Array, retain: boolean): Promise<void> {
    return this.#public.publish(topic, payload, retain);
  }

  clearPublic(): Promise<void> {
    return this.#public.clear();
  }

  publishToOperators(topic: string, payload: string): Promise<void> {
    return this.#operators.publish(topic, payload, true);
  }

  clearOperators(): Promise<void> {
    return this.#operators.clear();
  }

  revoke(): void {
    for (const session of this.#sockets.values()) {
      if (session.operatorSecret === null) continue;
      const known = this.#options.admission.lookup(session.sender);
      if (known?.operator === true && known.secretSha256 === session.operatorSecret) continue;
      this.#refuse('bad-credentials');
      session.connection.close();
    }
  }

  recognise(names: ReadonlySet<string>): void {
    for (const session of this.#sockets.values()) {
      const { userName } = session;
      if (session.sender !== '' || userName === null || !names.has(userName)) continue;
      const known = this.#options.admission.lookup(userName);
      if (known === undefined) continue;
      if (known.secretSha256 !== undefined) {
        this.#refuse('bad-credentials');
        session.connection.close();
        continue;
      }
      session.sender = known.id;
      this.#strangers.delete(session);
    }
  }

  counters(): DoorCounters {
    return {
      connections: this.#sockets.size,
      strangers: this.#strangers.size,
      held: this.#gate.pending,
      heldBytes: this.#gate.heldBytes,
      waitingBytes: this.#gate.waitingBytes,
      gatheredBytes: this.#gate.gatheredBytes,
      messages: this.#gate.messages,
      qos0Dropped: this.#gate.qos0Dropped,
      refused: Object.fromEntries(this.#refused),
      slowed: { ...this.#gate.slowed },
      forwardsDropped: this.#forwardsDropped,
    };
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    const ends = [this.#tcp, this.#webSocket?.http].map((server) => (server?.listening ? new Promise((resolve) => server.close(resolve)) : null));
    this.#webSocket?.ws.close();
    const aedes = this.#aedes;
    if (aedes !== null) await new Promise<void>((resolve) => aedes.close(resolve));
    for (const [socket, session] of this.#sockets) {
      session.close();
      socket.destroy();
    }
    this.#webSocket?.http.closeAllConnections();
    await Promise.all(ends);
  }

  /**
   * Who waits for its acknowledgements, or is not read, is not silent: its PINGREQ may stand in the socket. So it is with
   * everybody after the process stood still (a machine that is moved or starved): its timers run before its sockets are read.
   */
  #sweep(): void {
    const now = clock();
    const isLate = now - this.#sweptAt > 2 * sweepEveryMs;
    this.#sweptAt = now;
    for (const session of this.#sockets.values()) {
      if (isLate || session.inFlight > 0 || session.paused) session.connection.touch();
      // Who is not read for the sake of others' unfinished packets has the time that those have, and then its own.
      const patienceMs = this.#limits.packetTimeoutMs * (session.isPausedFor(pausedGathering) ? 2 : 1);
      if (session.gatheringSince === null || now - session.gatheringSince < patienceMs) continue;
      this.#refuse('packetTimeoutMs');
      session.connection.close();
    }
  }

  #refuse(reason: string): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  *#retained(): Iterable<PublishPacket> {
    yield* this.#public.retained();
    yield* this.#operators.retained();
  }

  /** Learns who is there, and counts what went wrong. */
  #follow(aedes: Aedes): void {
    aedes.on('clientReady', (client) => {
      const session = sessionOf(client);
      if (session === undefined || session.closed) return;
      session.ready = true;
      this.#clients.set(client.id, session);
      session.onReady?.();
    });
    aedes.on('clientDisconnect', (client) => {
      const session = sessionOf(client);
      if (this.#clients.get(client.id) === session) this.#clients.delete(client.id);
    });
    aedes.on('unsubscribe', (filters, client) => {
      for (const filter of filters) sessionOf(client)?.unsubscribe(filter);
    });
    // An error ends its connection and nothing else; without listeners it would end the process.
    aedes.on('clientError', (client, error) => {
      // It tells some errors twice.
      const session = sessionOf(client);
      if (session === undefined || session.failed) return;
      session.failed = true;
      if (error.message === 'drain timeout') this.#refuse('drainTimeoutMs');
      else if (error.message.startsWith('maxInflightInbound')) this.#refuse('qos2OpenPerClientMax');
    });
    aedes.on('keepaliveTimeout', () => this.#refuse('keepalive'));
    aedes.on('connectionError', (_client, error) => {
      if (error.message === 'connect did not arrive in time') this.#refuse('connectTimeoutMs');
    });
    aedes.on('error' as 'closed', () => this.#refuse('broker error'));
  }

  #enter(socket: Duplex, request?: IncomingMessage): void {
    socket.on('error', () => {});
    if (this.#sockets.size >= this.#limits.connectionsMax) {
      this.#refuse('connectionsMax');
      socket.destroy();
      return;
    }
    const session = this.#options.front === 'aedes' ? this.#enterAedes(socket, request) : this.#enterScanner(socket, request);
    this.#sockets.set(socket, session);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#strangers.delete(session);
      session.close();
      this.#gate.forget(session);
    });
  }

  #makeSession(connection: Connection): Session {
    return new Session(connection, this.#limits.ratePerDeviceMax, clock());
  }

  #handle(stream: Duplex, session: Session, request: IncomingMessage | undefined): AedesClient {
    const client = privateOf((this.#aedes as Aedes).handle(stream, request));
    client.session = session;
    return client;
  }

  #enterAedes(socket: Duplex, request: IncomingMessage | undefined): Session {
    const session: Session = this.#makeSession({
      pause: () => client.pause(),
      resume: () => {
        // aedes does not count what is done while it is paused, and would wait for it for ever.
        client._parsingBatch = 0;
        client.resume();
      },
      touch: () => client._keepaliveTimer?.refresh(),
      acknowledge: () => {},
      close: () => socket.destroy(),
    });
    const client = this.#handle(socket, session, request);
    const header = (type: number, bytes: number): string | null => {
      const fault = packetFault(type, bytes, !session.greeted, this.#limits);
      session.greeted = true;
      return fault;
    };
    guardParser(client, header, (reason) => this.#refuse(reason));
    return session;
  }

  #enterScanner(socket: Duplex, request: IncomingMessage | undefined): Session {
    const scanner = new Scanner(
      socket,
      this.#gate,
      (connection) => this.#makeSession(connection),
      this.#topics,
      (reason) => this.#refuse(reason),
    );
    scanner.client = this.#handle(scanner.tunnel, scanner.session, request);
    // It has judged the headers.
    guardParser(
      scanner.client,
      () => null,
      (reason) => this.#refuse(reason),
    );
    scanner.session.onReady = () => scanner.ready();
    return scanner.session;
  }

  async #openWebSocket(host: string, port: number): Promise<number> {
    this.#webSocket = webSocketDoor(host, this.#limits.packetBytesMax + 5, (stream, request) => this.#enter(stream, request));
    return listening(this.#webSocket.http, host, port);
  }
}

/**
 * Opens the door.
 * @throws FailureError `port-taken`, naming the port
 */
export const openDoor = async (options: DoorOptions): Promise<Door> => {
  const door = new OpenDoor(options);
  await door.open();
  return door;
};
