/** Every limit of the door, named; what is done at each is said here and done elsewhere. */
import { fail } from '../core/failure.ts';

export interface DoorLimits {
  /** Bytes of one packet; a longer one is cut off at its header, and so is its connection. */
  readonly packetBytesMax: number;
  /** Bytes of a packet that is not a PUBLISH. */
  readonly controlPacketBytesMax: number;
  /** Bytes of a CONNECT, which comes before anybody is known. */
  readonly connectBytesMax: number;
  /** Open connections; one more is closed at once. */
  readonly connectionsMax: number;
  /** Connections of the policy `declared` without a declared user name; one more gets CONNACK 3. */
  readonly strangersMax: number;
  /** How long a connection may take to send its CONNECT, ms. */
  readonly connectTimeoutMs: number;
  /** The longest keepalive, s: a client that asks for more, or for none, gets this one. */
  readonly keepaliveSecondsMax: number;
  /** Messages of one connection that are not settled; above it the connection is not read, below half of it it is read again. */
  readonly inFlightPerClientMax: number;
  /** The same in bytes of payload. */
  readonly inFlightBytesPerClientMax: number;
  /** Messages of all connections in the log's hands; at it QoS 0 is dropped by count, QoS 1 and 2 wait. */
  readonly heldEnvelopesMax: number;
  /** The same in bytes of payload. */
  readonly heldBytesMax: number;
  /** Bytes of payload that wait because the log has its hands full; above it whoever adds to them is not read, below half of it read again. */
  readonly waitingBytesMax: number;
  /** Bytes of packets that have not wholly come, of all connections; above it whoever adds to them is not read until others' are done. */
  readonly gatheredBytesMax: number;
  /** Of these, bytes that each connection may hold whatever the others do: a reading that comes in two pieces waits for nobody. */
  readonly gatheredBytesPerClientFree: number;
  /** How long one packet may take to come, ms; then its connection is closed. */
  readonly packetTimeoutMs: number;
  /** Packets a second of one connection, with a burst of one second; above it that connection alone is read more slowly. */
  readonly ratePerDeviceMax: number;
  /** Packets that one SUBSCRIBE or UNSUBSCRIBE counts as, against that rate: a few bytes ask for all that is retained. */
  readonly packetsPerSubscribe: number;
  /** QoS 2 messages of one connection between PUBREC and PUBREL; one more closes it. */
  readonly qos2OpenPerClientMax: number;
  /** Subscriptions of one connection; one more is refused in the SUBACK. */
  readonly subscriptionsPerClientMax: number;
  /** Characters of a client id; a longer one gets CONNACK 2. */
  readonly clientIdCharsMax: number;
  /** Characters of a user name; a longer one gets CONNACK 4. */
  readonly userNameCharsMax: number;
  /** Characters of a topic; a longer one closes the connection. */
  readonly topicCharsMax: number;
  /** Levels of a topic, at most 100; more close the connection. */
  readonly topicLevelsMax: number;
  /** Public topics that keep their last message. */
  readonly retainedMax: number;
  /** How long a subscriber may leave its socket full, ms; then it is closed. Meanwhile it misses messages. */
  readonly drainTimeoutMs: number;
  /** Bytes of acknowledgements that a client may leave unread; beyond it is closed. */
  readonly unreadAckBytesMax: number;
}

export const doorLimitDefaults: DoorLimits = {
  packetBytesMax: 256 * 1024,
  controlPacketBytesMax: 16 * 1024,
  connectBytesMax: 4 * 1024,
  connectionsMax: 10_000,
  strangersMax: 1_000,
  connectTimeoutMs: 5_000,
  keepaliveSecondsMax: 3_600,
  inFlightPerClientMax: 64,
  inFlightBytesPerClientMax: 1024 * 1024,
  heldEnvelopesMax: 50_000,
  heldBytesMax: 64 * 1024 * 1024,
  waitingBytesMax: 32 * 1024 * 1024,
  gatheredBytesMax: 8 * 1024 * 1024,
  gatheredBytesPerClientFree: 4 * 1024,
  packetTimeoutMs: 60_000,
  ratePerDeviceMax: 10_000,
  packetsPerSubscribe: 500,
  qos2OpenPerClientMax: 1_000,
  subscriptionsPerClientMax: 20,
  clientIdCharsMax: 128,
  userNameCharsMax: 128,
  topicCharsMax: 512,
  topicLevelsMax: 16,
  retainedMax: 10_000,
  drainTimeoutMs: 3_000,
  unreadAckBytesMax: 64 * 1024,
};

/**
 * The limits, some of them given.
 * @throws FailureError `bad-setting` that names one which does not exist
 */
export const limitsOf = (given: Readonly<Record<string, number>>): DoorLimits => {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(doorLimitDefaults, name))
      throw fail('bad-setting', `there is no limit ${name}; there are ${Object.keys(doorLimitDefaults).join(', ')}`, name);
  }
  return { ...doorLimitDefaults, ...given };
};

const connect = 1;
const publish = 3;

/** Why a packet may not come in, judged by its header alone; null where it may. */
export const packetFault = (type: number, bytes: number, first: boolean, limits: DoorLimits): string | null => {
  if (first) return type !== connect ? 'the first packet is not a CONNECT' : bytes > limits.connectBytesMax ? 'connectBytesMax' : null;
  if (type === connect) return 'a second CONNECT';
  if (type === publish) return bytes > limits.packetBytesMax ? 'packetBytesMax' : null;
  return bytes > limits.controlPacketBytesMax ? 'controlPacketBytesMax' : null;
};
