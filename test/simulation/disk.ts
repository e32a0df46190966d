/**
 * A disk that loses what was not synced: writes go to the page cache, a sync may fail or stall, a power cut tears.
 * What stands in the files is left to `log-on-disk.ts`.
 */
import { Buffer } from 'node:buffer';
import type { Chance } from './chance.ts';

/** How often the disk misbehaves, 0 to 1. */
export interface DiskTrouble {
  readonly writeFails: number;
  readonly syncFails: number;
  readonly stalls: number;
}

export const soundDisk: DiskTrouble = { writeFails: 0, syncFails: 0, stalls: 0 };

export class DiskFailure extends Error {}

interface SimulatedFile {
  bytes: Buffer;
  length: number;
  /** Up to where a sync has reached. */
  synced: number;
  /** What a failed sync dropped: later syncs call it clean, and it is on no disk. */
  readonly dropped: [from: number, to: number][];
}

export class SimulatedDisk {
  readonly #chance: Chance;
  #names = new Map<string, SimulatedFile>();
  #durableNames = new Map<string, SimulatedFile>();
  trouble: DiskTrouble = soundDisk;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  names(): string[] {
    return [...this.#names.keys()].sort();
  }

  create(name: string): void {
    this.#names.set(name, { bytes: Buffer.alloc(1024), length: 0, synced: 0, dropped: [] });
  }

  remove(name: string): void {
    this.#names.delete(name);
  }

  /** @throws DiskFailure; then part of the bytes may be there */
  write(name: string, bytes: Uint8Array, at: number): void {
    const file = this.#file(name);
    const fails = this.#chance.hit(this.trouble.writeFails);
    const written = fails ? bytes.subarray(0, this.#chance.below(bytes.length)) : bytes;
    const end = at + written.length;
    if (end > file.bytes.length) {
      const larger = Buffer.alloc(2 * end);
      file.bytes.copy(larger, 0, 0, file.length);
      file.bytes = larger;
    }
    file.bytes.set(written, at);
    file.length = Math.max(file.length, end);
    if (fails) throw new DiskFailure('EIO: write');
  }

  /** How long the next sync takes, ms. */
  stallMs(): number {
    return this.#chance.hit(this.trouble.stalls) ? this.#chance.between(500, 30_000) : 0;
  }

  /** @throws DiskFailure; what was written since the last sync is lost then, though the page cache shows it */
  sync(name: string): void {
    const file = this.#file(name);
    if (this.#chance.hit(this.trouble.syncFails)) {
      file.dropped.push([file.synced, file.length]);
      throw new DiskFailure('EIO: fdatasync');
    }
    file.synced = file.length;
  }

  rename(from: string, to: string): void {
    this.#names.set(to, this.#file(from));
    this.#names.delete(from);
  }

  syncNames(): void {
    this.#durableNames = new Map(this.#names);
  }

  /** What the page cache shows. */
  read(name: string): Buffer {
    const file = this.#file(name);
    return file.bytes.subarray(0, file.length);
  }

  /** True where bytes [from, to) of a file are there after a power cut. */
  isDurable(name: string, from: number, to: number): boolean {
    const file = this.#durableNames.get(name);
    return file !== undefined && file === this.#names.get(name) && to <= file.synced && file.dropped.every(([start, end]) => end <= from || start >= to);
  }

  /** Of what was not synced a part remains, perhaps scribbled on; names that were not synced may be as before. */
  powerCut(): void {
    if (this.#chance.hit(0.5)) this.#names = new Map(this.#durableNames);
    for (const file of new Set(this.#names.values())) {
      for (const [from, to] of file.dropped) file.bytes.fill(0, from, to);
      const torn = file.length - file.synced;
      if (torn > 0) {
        const kept = this.#chance.below(torn + 1);
        if (kept > 0 && this.#chance.hit(0.3)) file.bytes[file.synced + this.#chance.below(kept)] = this.#chance.below(256);
        file.length = file.synced + kept;
      }
      file.synced = file.length;
      file.dropped.length = 0;
    }
    this.#durableNames = new Map(this.#names);
  }

  #file(name: string): SimulatedFile {
    const file = this.#names.get(name);
    if (file === undefined) throw new DiskFailure(`ENOENT: ${name}`);
    return file;
  }
}
