/**
 * The frame: one group of envelopes as bytes, checked by a CRC. Where frames stand in files is left to `segment.ts`.
 *
 * Layout, little-endian: sync word u32 · length of the content u32 · CRC-32C u32 · first offset f64 · count u32 · log time f64 · content.
 * The CRC covers the length and everything behind the CRC, and is seeded with the segment's salt: a payload that holds the image
 * of a frame can not pass for one when a search for the next good frame runs across it.
 * An envelope: flags u8 (kind 3 bits, QoS 2, DUP 1, subject follows from the topic 1, sender is the subject 1) · packet id u16 · topic,
 * subject and sender unless the flags give them, payload, each with its length as a varint.
 */
import { Buffer } from 'node:buffer';
import type { Draft, Envelope, EnvelopeKind } from '../core/envelope.ts';
import { TextCache } from '../core/text-cache.ts';
import { crc32c } from './crc32c.ts';

export const frameHeadBytes = 32;
/** No content is longer: a length beyond it is damage. */
export const frameBytesMax = 256 * 1024 * 1024;
const syncWord = 0x4d52464f;
const syncBytes = Buffer.from('OFRM', 'latin1');

const kinds: readonly EnvelopeKind[] = ['message', 'tick', 'command', 'import', 'registry', 'judged'];

/** A frame that was found good; `start` and `end` bound its content in the buffer. */
export interface Frame {
  readonly firstOffset: number;
  readonly count: number;
  readonly logTime: number;
  readonly start: number;
  readonly end: number;
}

/** Bytes that an envelope needs at most. */
export const envelopeBytesMax = (draft: Draft): number => 23 + 3 * (draft.sender.length + draft.subject.length + draft.topic.length) + draft.payload.length;

const writeVarint = (buffer: Buffer, at: number, value: number): number => {
  let rest = value;
  let i = at;
  while (rest > 127) {
    buffer[i++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  buffer[i++] = rest;
  return i;
};

const writeText = (buffer: Buffer, at: number, text: string): number => {
  const { length } = text;
  if (length < 128) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) break;
      buffer[at + 1 + i] = code;
    }
    if (i === length) {
      buffer[at] = length;
      return at + 1 + length;
    }
  }
  const bytes = Buffer.from(text, 'utf8');
  const start = writeVarint(buffer, at, bytes.length);
  bytes.copy(buffer, start);
  return start + bytes.length;
};

const dupFlag = 32;
const topicSubjectFlag = 64;
const subjectSenderFlag = 128;

/** The fourth level of a topic, where the device stands; empty where there is none, or nothing behind it. */
const deviceOf = (topic: string): string => {
  let start = 0;
  for (let level = 0; level < 3; level++) {
    start = topic.indexOf('/', start) + 1;
    if (start === 0) return '';
  }
  const end = topic.indexOf('/', start);
  return end < 0 ? '' : topic.slice(start, end);
};

/** Writes an envelope; the buffer must have `envelopeBytesMax` free. Returns the position behind it. */
export const writeEnvelope = (buffer: Buffer, at: number, draft: Draft): number => {
  const fromTopic = deviceOf(draft.topic) === draft.subject;
  const fromSubject = draft.sender === draft.subject;
  buffer[at] =
    kinds.indexOf(draft.kind) | (draft.qos << 3) | (draft.dup ? dupFlag : 0) | (fromTopic ? topicSubjectFlag : 0) | (fromSubject ? subjectSenderFlag : 0);
  buffer[at + 1] = draft.packetId & 255;
  buffer[at + 2] = draft.packetId >>> 8;
  let i = writeText(buffer, at + 3, draft.topic);
  if (!fromTopic) i = writeText(buffer, i, draft.subject);
  if (!fromSubject) i = writeText(buffer, i, draft.sender);
  i = writeVarint(buffer, i, draft.payload.length);
  buffer.set(draft.payload, i);
  return i + draft.payload.length;
};

/** Fills in the head of a frame whose content stands at [frameHeadBytes, end). */
export const sealFrame = (buffer: Buffer, end: number, firstOffset: number, count: number, logTime: number): void => {
  buffer.writeUInt32LE(syncWord, 0);
  buffer.writeUInt32LE(end - frameHeadBytes, 4);
  buffer.writeDoubleLE(firstOffset, 12);
  buffer.writeUInt32LE(count, 20);
  buffer.writeDoubleLE(logTime, 24);
};

const frameCrc = (buffer: Buffer, at: number, end: number, salt: number): number => crc32c(buffer, at + 12, end, crc32c(buffer, at + 4, at + 8, salt));

/** Stamps a sealed frame with its checksum for a segment. */
export const signFrame = (buffer: Buffer, end: number, salt: number): void => {
  buffer.writeUInt32LE(frameCrc(buffer, 0, end, salt), 8);
};

/**
 * Reads the frame at `at` of a buffer that is filled up to `filled`.
 * @returns the frame; the bytes it needs from `at` where there are fewer; null where there is no good frame
 */
export const readFrame = (buffer: Buffer, at: number, filled: number, salt: number): Frame | number | null => {
  if (filled - at < frameHeadBytes) return frameHeadBytes;
  if (buffer.readUInt32LE(at) !== syncWord) return null;
  const length = buffer.readUInt32LE(at + 4);
  if (length > frameBytesMax) return null;
  const start = at + frameHeadBytes;
  const end = start + length;
  if (end > filled) return end - at;
  if (buffer.readUInt32LE(at + 8) !== frameCrc(buffer, at, end, salt)) return null;
  return { firstOffset: buffer.readDoubleLE(at + 12), count: buffer.readUInt32LE(at + 20), logTime: buffer.readDoubleLE(at + 24), start, end };
};

/** The next good frame at or behind `from`, or null. */
export const findFrame = (buffer: Buffer, from: number, filled: number, salt: number): Frame | null => {
  const known = buffer.subarray(0, filled);
  for (let at = known.indexOf(syncBytes, from); at >= 0; at = known.indexOf(syncBytes, at + 1)) {
    const frame = readFrame(known, at, filled, salt);
    if (frame !== null && typeof frame !== 'number') return frame;
  }
  return null;
};

/** More envelopes are in no frame: each takes a few bytes. */
const countMax = frameBytesMax / 4;

/** Offset after the last frame that seems to stand in the buffer, by its head alone: nothing of it can be trusted, but no new envelope should get an offset below. */
export const plausibleEnd = (buffer: Buffer, firstOffset: number): number => {
  let end = firstOffset;
  for (let at = buffer.indexOf(syncBytes); at >= 0 && at + frameHeadBytes <= buffer.length; at = buffer.indexOf(syncBytes, at + 1)) {
    const first = buffer.readDoubleLE(at + 12);
    const count = buffer.readUInt32LE(at + 20);
    // Frames follow each other without a gap: an image of one in a payload hardly fits.
    if (first === end && count > 0 && count <= countMax) end += count;
  }
  return end;
};

interface Topic {
  readonly text: string;
  readonly device: string;
}

const topicOf = (text: string): Topic => ({ text, device: deviceOf(text) });

/** Reads the envelopes of a frame one after the other; payloads are views of the buffer. */
export class EnvelopeDecoder {
  readonly #topics = new TextCache(topicOf);
  /** Position in the buffer; set it to a frame's start. */
  at = 0;

  next(buffer: Buffer, offset: number, logTime: number): Envelope {
    const flags = buffer[this.at] as number;
    const packetId = (buffer[this.at + 1] as number) | ((buffer[this.at + 2] as number) << 8);
    this.at += 3;
    const topic = this.#topic(buffer);
    const subject = (flags & topicSubjectFlag) !== 0 ? topic.device : this.#topic(buffer).text;
    const sender = (flags & subjectSenderFlag) !== 0 ? subject : this.#topic(buffer).text;
    const payloadBytes = this.#varint(buffer);
    const payload = buffer.subarray(this.at, this.at + payloadBytes);
    this.at += payloadBytes;
    return {
      kind: kinds[flags & 7] ?? 'message',
      subject,
      sender,
      topic: topic.text,
      payload,
      qos: ((flags >> 3) & 3) as 0 | 1 | 2,
      dup: (flags & dupFlag) !== 0,
      packetId,
      partition: 0,
      offset,
      logTime,
    };
  }

  /** Steps over `count` envelopes without decoding them. */
  skip(buffer: Buffer, count: number): void {
    for (let n = 0; n < count; n++) {
      const flags = buffer[this.at] as number;
      this.at += 3;
      const fields = 4 - ((flags & topicSubjectFlag) !== 0 ? 1 : 0) - ((flags & subjectSenderFlag) !== 0 ? 1 : 0);
      for (let field = 0; field < fields; field++) {
        const length = this.#varint(buffer);
        this.at += length;
      }
    }
  }

  #varint(buffer: Buffer): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = buffer[this.at++] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }

  #topic(buffer: Buffer): Topic {
    const length = this.#varint(buffer);
    const start = this.at;
    this.at += length;
    return this.#topics.get(buffer, start, this.at) ?? topicOf(buffer.toString('utf8', start, this.at));
  }
}
