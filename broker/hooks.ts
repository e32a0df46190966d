/** The hooks of aedes: who enters, what is published, subscribed and forwarded. An exception in any hook would end the process, so none throws. */
import { Buffer } from 'node:buffer';
import type { AedesOptions, Client, ConnectPacket, PublishPacket, Subscription } from 'aedes';
import { type AedesClient, privateOf, sessionOf } from './aedes-client.ts';
import type { Gate, Release } from './gate.ts';
import type { Admission, Credentials } from './identity.ts';
import type { Session } from './session.ts';
import { hasControl, maySubscribe, topicRule } from './topic.ts';

/** What the hooks need of the door. */
export interface HookContext {
  readonly gate: Gate;
  readonly admit: (credentials: Credentials) => Admission;
  /** The session that holds a client id now. */
  readonly holder: (clientId: string) => { readonly sender: string } | undefined;
  readonly strangers: Set<Session>;
  /** Counts what was refused. */
  readonly refused: (reason: string) => void;
  readonly forwardDropped: () => void;
}

const nothing = Buffer.alloc(0);

type Callback<T> = (error: Error | null, result: T) => void;

/** Runs a hook so that its callback is called at most once, and an exception becomes an error. */
const guarded = <T>(callback: Callback<T>, onError: T, work: (once: Callback<T>) => void): void => {
  let called = false;
  const once: Callback<T> = (error, result) => {
    if (called) return;
    called = true;
    callback(error, result);
  };
  try {
    work(once);
  } catch (error) {
    once(error instanceof Error ? error : new Error(String(error)), onError);
  }
};

const refusal = (returnCode: number, message: string): Error & { returnCode: number } => Object.assign(new Error(message), { returnCode });

const enter = (client: AedesClient, userName: string | undefined, password: Buffer | undefined, context: HookContext): Error | null => {
  const { session, id } = client;
  const { limits } = context.gate;
  if (session === undefined || session.closed) return refusal(3, 'no session');
  if (session.refusal !== null) return refusal(2, session.refusal);
  if (id.length > limits.clientIdCharsMax) return refusal(2, 'clientIdCharsMax');
  if (hasControl(id)) return refusal(2, 'a control character in a client id');
  if (userName !== undefined && userName.length > limits.userNameCharsMax) return refusal(4, 'userNameCharsMax');
  if (userName !== undefined && hasControl(userName)) return refusal(4, 'a control character in a user name');
  const admission = context.admit({ clientId: id, userName, password });
  if (!admission.admitted) return refusal(admission.returnCode, admission.returnCode === 3 ? 'strangersMax' : 'bad-credentials');
  const holder = context.holder(id);
  if (holder !== undefined && holder.sender !== admission.sender) return refusal(2, 'the client id belongs to another identity');
  session.sender = admission.sender;
  session.userName = userName ?? null;
  session.operatorSecret = admission.operatorSecret;
  if (admission.stranger) context.strangers.add(session);
  return null;
};

/** Sessions do not outlive connections, wills are not kept, and a keepalive is always set: aedes reads all three from the packet. */
const tame = ({ session }: AedesClient, packet: ConnectPacket, keepaliveSecondsMax: number): void => {
  const open = packet as { will?: unknown; clean?: boolean; keepalive?: number; clientId: string };
  // [MQTT-3.1.3-8]; an error here would end the connection without its CONNACK.
  if (session !== undefined && open.clientId === '' && open.clean === false) session.refusal = 'an empty client id without a clean session';
  open.will = undefined;
  open.clean = true;
  if (!open.keepalive || open.keepalive > keepaliveSecondsMax) open.keepalive = keepaliveSecondsMax;
};

/** Why a client may not subscribe; null where it may, and then it is counted. */
const subscribeFault = (client: AedesClient, filter: string, { gate }: HookContext): string | null => {
  const { session } = client;
  const { limits } = gate;
  if (session === undefined || !maySubscribe(filter, limits, session.operatorSecret !== null)) return 'subscribe-denied';
  if (!session.subscriptions.has(filter) && session.subscriptions.size >= limits.subscriptionsPerClientMax) return 'subscriptionsPerClientMax';
  session.subscriptions.add(filter);
  return null;
};

/**
 * Offers a QoS 2 message. A repetition before its PUBREL is answered and not passed on again [MQTT-4.3.3-2]; only DUP tells one, since what
 * is answered and not in the log would be lost.
 * @param offer passes it on, with what to do when it is settled
 */
const offerOnce = (client: AedesClient, session: Session, { packetId, dup }: Head, done: () => void, offer: (settled: () => void) => void): void => {
  const waiting = session.unsettled.get(packetId);
  if (dup && waiting !== undefined) {
    waiting.push(done);
    return;
  }
  if (dup && client._inboundInflight.has(packetId)) {
    done();
    return;
  }
  const all = [done];
  session.unsettled.set(packetId, all);
  offer(() => {
    if (session.unsettled.get(packetId) === all) session.unsettled.delete(packetId);
    for (const one of all) one();
  });
};
interface Head {
  readonly packetId: number;
  readonly dup: boolean;
}

/** The hooks, for `Aedes.createBroker`. */
export const hooks = (context: HookContext): AedesOptions => {
  const { gate } = context;
  return {
    preConnect: (client, packet, callback) =>
      guarded<boolean>(callback, false, (done) => {
        tame(privateOf(client), packet, gate.limits.keepaliveSecondsMax);
        done(null, true);
      }),
    authenticate: (client, userName, password, callback) =>
      guarded<boolean | null>(callback as Callback<boolean | null>, false, (done) => {
        const error = enter(privateOf(client), userName, password, context);
        if (error !== null) context.refused(error.message);
        done(error, error === null);
      }),
    authorizePublish: (client: Client | null, packet: PublishPacket, callback) =>
      guarded<undefined>(callback as Callback<undefined>, undefined, (done) => {
        const session = sessionOf(client);
        const rule = topicRule(packet.topic, gate.limits);
        const fault = session === undefined ? 'nobody' : rule.fault;
        if (client === null || session === undefined || fault !== null) {
          context.refused(fault ?? '');
          return done(new Error(fault ?? ''), undefined);
        }
        const { payload } = packet;
        // aedes keeps a QoS 2 packet until PUBREL; its payload is in the log by then.
        packet.payload = nothing;
        const { qos, dup, messageId } = packet as PublishPacket & { messageId?: number };
        const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
        const pass = (): void => done(null, undefined);
        const offer = (release: Release): void => gate.offer(session, rule, bytes, qos, dup, messageId ?? 0, release);
        if (qos === 2) return offerOnce(privateOf(client), session, { packetId: messageId ?? 0, dup }, pass, offer);
        offer(qos === 0 ? null : pass);
        if (qos === 0) pass();
      }),
    authorizeSubscribe: (client, subscription, callback) =>
      guarded<Subscription | null>(callback as Callback<Subscription | null>, null, (done) => {
        const fault = subscribeFault(privateOf(client), subscription.topic, context);
        if (fault !== null) context.refused(fault);
        // An error would end the connection; null is refused in the SUBACK.
        done(null, fault === null ? subscription : null);
      }),
    authorizeForward: (client, packet) => {
      try {
        if (!privateOf(client).conn.writableNeedDrain) return packet;
        context.forwardDropped();
      } catch {
        // A hook must not throw; the message is not forwarded.
      }
      return null;
    },
  };
};
