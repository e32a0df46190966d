/** Operator decode: an envelope becomes candidates for readings, or dead letters. Values are judged by `validate`. */
import type { Envelope, ImportRows } from '../core/envelope.ts';
import { type Failure, failure } from '../core/failure.ts';
import { type Device, isDeviceId, operatorFault } from '../core/town.ts';
import { type Declared, genericTypeName, mayHaveSpoken, maySpeak, type Registry, type Types, throughGateways } from './registry.ts';
import { excerpt } from './validate.ts';

/** Most messages in an array. */
export const batchMessagesMax = 10_000;

/** One value of a payload, not yet judged. */
export interface Candidate {
  readonly declared: Declared;
  /** A key of the payload: a quantity or a field of the type. */
  readonly field: string;
  readonly value: unknown;
  /** As sent; undefined where there was none. */
  readonly ts: unknown;
  /** Length of a delta, ms; 0: the device's interval. */
  readonly spanMs: number;
  readonly seq: unknown;
}

export type Decoded = { readonly candidates: readonly Candidate[]; readonly adopted?: Device } | { readonly refused: Failure };

const refuse = (code: Parameters<typeof failure>[0], message: string, where?: string): Decoded => ({ refused: failure(code, message, where) });

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

export const textOf = (payload: Uint8Array): string => Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');

/** The native form is understood of every type. */
const isNative = (payload: unknown): boolean =>
  isObject(Array.isArray(payload) ? payload[0] : payload) && 'values' in ((Array.isArray(payload) ? payload[0] : payload) as object);

/**
 * Decodes a message envelope. In an open town an unknown device whose quantities are all known is adopted as `generic`.
 * @param waited it was a dead letter until now
 */
export const decodeMessage = (envelope: Envelope, registry: Registry, types: Types, waited = false): Decoded => {
  if (envelope.subject === '') return refuse('topic-unknown', 'not a telemetry topic', envelope.topic.slice(0, 200));
  let payload: unknown;
  try {
    payload = JSON.parse(textOf(envelope.payload));
  } catch {
    return refuse('not-json', 'the payload is not JSON');
  }
  let declared = registry.find(envelope.subject);
  let adopted: Device | undefined;
  if (declared === undefined) {
    const taken = registry.town().admission === 'open' ? operatorFault(registry.town(), envelope.subject) : undefined;
    if (taken !== undefined) return refuse('unknown-device', taken);
    adopted = adoptable(envelope, payload, registry, types);
    if (adopted === undefined || !registry.keepsPast(adopted) || !registry.adopt(adopted))
      return refuse('unknown-device', `no device "${envelope.subject}" is declared`);
    declared = registry.find(envelope.subject);
  }
  if (declared === undefined) return refuse('unknown-device', `no device "${envelope.subject}" is declared`);
  const { device } = declared;
  if (!maySpeak(registry.town(), device, envelope.sender) && !(waited && mayHaveSpoken(device, envelope.sender)))
    return refuse('foreign-device', foreign(device, envelope.sender));
  const decoded = nativeMessages(declared, payload);
  return 'refused' in decoded || adopted === undefined ? decoded : { ...decoded, adopted };
};

const foreign = ({ id, secretSha256 }: Device, sender: string): string => {
  if (sender !== '') return `"${sender}" may not publish as "${id}"`;
  return secretSha256 === undefined ? `who sent it did not give the name "${id}"` : `"${id}" has a secret, and who sent it did not show it`;
};

/** What an open town makes of a stranger: a generic device, if the message is native and every quantity is known. */
const adoptable = ({ subject, sender }: Envelope, payload: unknown, registry: Registry, types: Types): Device | undefined => {
  const fields = types.get(genericTypeName)?.fields;
  if (registry.town().admission !== 'open' || fields === undefined || !isDeviceId(subject)) return undefined;
  const messages = Array.isArray(payload) ? payload : [payload];
  const isKnown = (message: unknown): boolean =>
    isObject(message) && isObject(message.values) && Object.keys(message.values).length > 0 && Object.keys(message.values).every((name) => fields.has(name));
  return messages.length > 0 && messages.every(isKnown) ? throughGateways(registry.town(), { id: subject, type: genericTypeName }, [sender]) : undefined;
};

const nativeMessages = (declared: Declared, payload: unknown): Decoded => {
  let native: unknown;
  try {
    native = declared.type.type.toNative === undefined || isNative(payload) ? payload : declared.type.type.toNative(payload);
  } catch (error) {
    return refuse('wrong-shape', `not what a ${declared.device.type} sends: ${String(error).slice(0, 200)}`);
  }
  const messages = Array.isArray(native) ? native : [native];
  if (messages.length > batchMessagesMax) return refuse('payload-too-large', `${messages.length} messages in an array; at most ${batchMessagesMax}`);
  const candidates: Candidate[] = [];
  for (const message of messages) {
    if (!isObject(message) || !isObject(message.values)) return refuse('wrong-shape', 'not an object with "values"', 'values');
    if (message.deviceId !== undefined && message.deviceId !== declared.device.id) {
      return refuse('device-mismatch', `deviceId ${excerpt(message.deviceId)} is not "${declared.device.id}"`, 'deviceId');
    }
    for (const field in message.values) {
      candidates.push({ declared, field, value: message.values[field], ts: message.ts, spanMs: 0, seq: message.seq });
    }
  }
  return { candidates };
};

/** Decodes an import envelope: rows × columns, in the order of the rows. */
export const decodeImport = (envelope: Envelope, registry: Registry): Decoded & { readonly rows?: ImportRows } => {
  const declared = registry.find(envelope.subject);
  const rows = JSON.parse(textOf(envelope.payload)) as ImportRows;
  if (declared === undefined) return refuse('unknown-device', `no device "${envelope.subject}" is declared`);
  const candidates: Candidate[] = [];
  for (let row = 0; row < rows.at.length; row++) {
    for (let column = 0; column < rows.columns.length; column++) {
      const { quantity, spanMs } = rows.columns[column] as ImportRows['columns'][number];
      candidates.push({ declared, field: quantity, value: rows.values[column]?.[row] ?? null, ts: rows.at[row], spanMs, seq: undefined });
    }
  }
  return { candidates, rows };
};
