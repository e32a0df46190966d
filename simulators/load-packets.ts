/** The load generator's messages: PUBLISH packets built once and patched for each message. Sockets and counting are left to `load.ts`. */
import { dupFlag, packet, packetType, text } from './mqtt-packets.ts';

/** Name of the n-th device: `dev-000123`. */
export const loadSubject = (n: number): string => `dev-${String(n).padStart(6, '0')}`;
/** `city/v1/d07/dev-000123/telemetry` */
export const loadTopic = (n: number): string => `city/v1/d${String(n % 40).padStart(2, '0')}/${loadSubject(n)}/telemetry`;
/** The temperature of a device's message number `seq`, °C: 20.00 to 29.99. */
export const loadTemperature = (seq: number): number => (2000 + (seq % 1000)) / 100;

/** Digits of an epoch in ms until the year 2286. */
const stampDigits = 13;
const zero = 0x30;

/** A PUBLISH with QoS 1 and the places that differ from message to message. */
export interface PublishTemplate {
  readonly bytes: Buffer;
  readonly idAt: number;
  readonly stampAt: number;
  readonly temperatureAt: number;
}

const jsonOf = (n: number, stamp: number, pad: string): string =>
  JSON.stringify({
    deviceId: loadSubject(n),
    ts: stamp,
    values: { temperature: 21.53, humidity: 48.2, pm25: 12.77 },
    meta: { fw: '1.4.2', rssi: -71, pad },
  });

/**
 * @param n number of the device
 * @param stamp any epoch in ms, 13 digits
 * @param payloadBytes size of the JSON; at least what it needs without padding
 */
export const publishTemplate = (n: number, stamp: number, payloadBytes: number): PublishTemplate => {
  const bare = jsonOf(n, stamp, '').length;
  const payload = Buffer.from(jsonOf(n, stamp, 'x'.repeat(Math.max(0, payloadBytes - bare))));
  const topic = text(loadTopic(n));
  const bytes = packet(packetType.publishQos1, topic, Buffer.alloc(2), payload);
  const payloadAt = bytes.length - payload.length;
  return {
    bytes,
    idAt: payloadAt - 2,
    stampAt: payloadAt + payload.indexOf('"ts":') + 5,
    temperatureAt: payloadAt + payload.indexOf('21.53'),
  };
};

/** Writes one message into `target` at `offset`: `template.bytes.length` bytes, patched. */
export const writePublish = (target: Buffer, offset: number, template: PublishTemplate, id: number, stamp: number, seq: number, dup: boolean): void => {
  template.bytes.copy(target, offset);
  if (dup) target[offset] = packetType.publishQos1 | dupFlag;
  target[offset + template.idAt] = id >> 8;
  target[offset + template.idAt + 1] = id & 0xff;
  let rest = stamp;
  for (let at = offset + template.stampAt + stampDigits - 1; at >= offset + template.stampAt; at--) {
    const next = Math.floor(rest / 10);
    target[at] = zero + (rest - next * 10);
    rest = next;
  }
  // 2d.dd
  const cents = seq % 1000;
  const at = offset + template.temperatureAt;
  target[at + 1] = zero + Math.floor(cents / 100);
  target[at + 3] = zero + (Math.floor(cents / 10) % 10);
  target[at + 4] = zero + (cents % 10);
};
