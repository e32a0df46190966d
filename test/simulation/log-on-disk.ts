/**
 * The log of a simulated gate: real groups and real frames on a simulated disk, by the protocol of `log/append-file-writer.ts`
 * (one sync a group, no second sync of a file that failed, the last group written again on opening). Who writes is left to the world.
 */
import { Buffer } from 'node:buffer';
import type { Draft, Envelope } from '../../core/envelope.ts';
import type { LogReader } from '../../core/log.ts';
import { EnvelopeDecoder, type Frame, findFrame, frameHeadBytes, readFrame } from '../../log/frame.ts';
import { Group } from '../../log/group.ts';
import { decodeHeader, encodeHeader, formatVersion, rawSuffix, segmentHeaderBytes, segmentName } from '../../log/segment.ts';
import type { Chance } from './chance.ts';
import { DiskFailure, type SimulatedDisk } from './disk.ts';

/** What a mutant may get wrong here. */
export interface LogFaults {
  /** Acknowledges what was only appended. */
  readonly acksAtAppend?: boolean;
  /** Goes on in a file whose sync failed. */
  readonly reusesFailedFile?: boolean;
  /** Stamps with the bare clock. */
  readonly stampsBack?: boolean;
  /** Does not write the last group again on opening. */
  readonly trustsPageCache?: boolean;
}

interface Segment {
  readonly name: string;
  readonly salt: number;
  bytes: number;
  /** False until its first group is durable. */
  named: boolean;
}

interface Tail {
  readonly end: number;
  readonly logTime: number;
  readonly last: Group | null;
}

const segmentBytesMax = 32 * 1024;
const retryMs = 2_000;
const unfinished = '.new';

/** The good frames of a segment's bytes, in order. */
function* framesOf(bytes: Buffer): Generator<Frame> {
  const header = decodeHeader(bytes, '');
  for (let at = segmentHeaderBytes; header !== null && at < bytes.length; ) {
    const read = readFrame(bytes, at, bytes.length, header.salt);
    const frame = read === null || typeof read === 'number' ? findFrame(bytes, at + 1, bytes.length, header.salt) : read;
    if (frame === null) return;
    yield frame;
    at = frame.end;
  }
}

const decoder = new EnvelopeDecoder();
const decoded = (bytes: Buffer, frame: Frame): Envelope[] => {
  const copy = Buffer.from(bytes.subarray(frame.start, frame.end));
  decoder.at = 0;
  return Array.from({ length: frame.count }, (_, i) => decoder.next(copy, frame.firstOffset + i, frame.logTime));
};

const segmentsOf = (disk: SimulatedDisk): string[] => disk.names().filter((name) => name.endsWith(rawSuffix));
const firstOffsetOf = (name: string): number => Number(name.slice(0, -rawSuffix.length));

/** Everything that the disk holds below `end`, as a reader sees it: a segment counts up to where the next begins. */
export const readLog = (disk: SimulatedDisk, end: number): Envelope[] => {
  const found: Envelope[] = [];
  const names = segmentsOf(disk);
  for (const [i, name] of names.entries()) {
    const next = names[i + 1];
    const limit = Math.min(end, next === undefined ? end : firstOffsetOf(next));
    const bytes = disk.read(name);
    for (const frame of framesOf(bytes)) {
      for (const envelope of decoded(bytes, frame)) if (envelope.offset === found.length && envelope.offset < limit) found.push(envelope);
    }
  }
  return found;
};

export class SimulatedLog {
  readonly #disk: SimulatedDisk;
  readonly #chance: Chance;
  readonly #clock: () => number;
  readonly #faults: LogFaults;
  readonly #groups: Group[] = [];
  #segment: Segment | null = null;
  #syncUntil: number | null = null;
  #retryAt = 0;
  #nextOffset = 0;
  #logTime = Number.NEGATIVE_INFINITY;
  /** Where each group of this opening stands. */
  readonly #places: { readonly firstOffset: number; readonly end: number; readonly name: string; readonly from: number; readonly to: number }[] = [];
  /** What is durable, decoded from the bytes on the disk. */
  readonly envelopes: Envelope[];
  durableEnd: number;

  /** Opens what the disk holds. @param clock epoch ms */
  constructor(disk: SimulatedDisk, chance: Chance, clock: () => number, faults: LogFaults) {
    this.#disk = disk;
    this.#chance = chance;
    this.#clock = clock;
    this.#faults = faults;
    for (const name of disk.names()) if (name.endsWith(unfinished)) disk.remove(name);
    const { end, logTime, last } = this.#tail();
    this.#nextOffset = end;
    this.#logTime = logTime;
    this.durableEnd = last === null || faults.trustsPageCache === true ? end : last.firstOffset;
    if (last !== null && faults.trustsPageCache !== true) this.#groups.push(last);
    this.envelopes = readLog(disk, this.durableEnd);
  }

  /** Envelopes appended and not yet durable. */
  get held(): number {
    return this.#nextOffset - this.durableEnd;
  }

  append(draft: Draft, settled?: (offset: number) => void): void {
    let group = this.#groups.at(-1);
    if (group === undefined || group.bytes > 16 * 1024 || group.logTime !== Number.NEGATIVE_INFINITY) {
      group = new Group(this.#nextOffset, Buffer.alloc(512));
      this.#groups.push(group);
    }
    group.add(draft, settled);
    this.#nextOffset++;
    if (this.#faults.acksAtAppend === true) settled?.(this.#nextOffset - 1);
  }

  /** Goes on as far as the disk allows at `now`, ms. */
  turn(now: number): void {
    for (let group = this.#groups[0]; group !== undefined; group = this.#groups[0]) {
      if (now < this.#retryAt) return;
      try {
        if (this.#syncUntil === null) {
          this.#stamp(group);
          this.#write(group);
          this.#syncUntil = now + this.#disk.stallMs();
        }
        if (now < this.#syncUntil) return;
        this.#sync();
      } catch (error) {
        if (!(error instanceof DiskFailure)) throw error;
        if (this.#faults.reusesFailedFile !== true || this.#segment?.named !== true) this.#segment = null;
        this.#syncUntil = null;
        this.#retryAt = now + retryMs;
        return;
      }
      this.#done(group);
    }
  }

  /** A reader of what is durable; its batches differ in size. */
  reader(): LogReader {
    const { envelopes } = this;
    const sizes = this.#chance;
    return {
      async *read(from, end) {
        for (let at = from; at < end; ) {
          const next = Math.min(end, at + sizes.between(1, 200));
          yield { envelopes: envelopes.slice(at, next), corrupt: 0 };
          at = next;
        }
      },
      start: async () => 0,
      end: async () => this.durableEnd,
      close: async () => {},
    };
  }

  /** True where an offset of this opening survives a power cut. */
  isDurable(offset: number): boolean {
    const place = this.#places.findLast(({ firstOffset }) => firstOffset <= offset);
    return place !== undefined && offset < place.end && this.#disk.isDurable(place.name, place.from, place.to);
  }

  #tail(): Tail {
    const name = segmentsOf(this.#disk).at(-1);
    if (name === undefined) return { end: 0, logTime: Number.NEGATIVE_INFINITY, last: null };
    const bytes = this.#disk.read(name);
    const header = decodeHeader(bytes, name);
    let end = firstOffsetOf(name);
    let logTime = header?.logTime ?? Number.NEGATIVE_INFINITY;
    let last: Group | null = null;
    for (const frame of framesOf(bytes)) {
      if (frame.firstOffset < end) continue;
      end = frame.firstOffset + frame.count;
      logTime = Math.max(logTime, frame.logTime);
      last = Group.restored(frame.firstOffset, frame.count, frame.logTime, Buffer.from(bytes.subarray(frame.start - frameHeadBytes, frame.end)));
    }
    return { end, logTime, last };
  }

  #stamp(group: Group): void {
    if (group.logTime !== Number.NEGATIVE_INFINITY) return;
    this.#logTime = this.#faults.stampsBack === true ? this.#clock() : Math.max(this.#logTime, this.#clock());
    group.logTime = this.#logTime;
  }

  #write(group: Group): void {
    if (this.#segment !== null && this.#segment.bytes >= segmentBytesMax) this.#segment = null;
    if (this.#segment === null) {
      const salt = this.#chance.word();
      const name = segmentName(group.firstOffset) + rawSuffix;
      this.#disk.create(name + unfinished);
      this.#segment = { name, salt, bytes: segmentHeaderBytes, named: false };
      this.#disk.write(name + unfinished, encodeHeader({ version: formatVersion, salt, firstOffset: group.firstOffset, logTime: group.logTime }), 0);
    }
    const { name, named, salt, bytes } = this.#segment;
    this.#disk.write(named ? name : name + unfinished, group.frame(salt), bytes);
  }

  #sync(): void {
    const segment = this.#segment as Segment;
    this.#disk.sync(segment.named ? segment.name : segment.name + unfinished);
    if (segment.named) return;
    this.#disk.rename(segment.name + unfinished, segment.name);
    this.#disk.syncNames();
    segment.named = true;
  }

  /** The plant is given what stands on the disk, not what was in memory. */
  #done(group: Group): void {
    const segment = this.#segment as Segment;
    const bytes = this.#disk.read(segment.name);
    const frame = readFrame(bytes, segment.bytes, bytes.length, segment.salt);
    if (frame === null || typeof frame === 'number') throw new Error('the frame that was synced is not there');
    this.#places.push({ firstOffset: group.firstOffset, end: group.end, name: segment.name, from: segment.bytes, to: frame.end });
    segment.bytes = frame.end;
    this.#groups.shift();
    this.#syncUntil = null;
    this.durableEnd = group.end;
    this.envelopes.push(...decoded(bytes, frame));
    if (this.#faults.acksAtAppend !== true) group.settle();
  }
}
