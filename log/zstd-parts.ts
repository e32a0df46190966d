/**
 * A zstd file in the parts in which it can be unpacked (RFC 8878, section 3.1): what opens a frame, each of its blocks, its checksum.
 * What they say is left to the decoder: here it only matters where the next part begins.
 */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';

const magicBytes = 4;
/** The last four bits are free. */
const skippableMagic = 0x184d2a50;
const skippableHeadBytes = 8;
const blockHeadBytes = 3;
const checksumBytes = 4;
/** No block is longer, packed or unpacked. */
const blockBytesMax = 128 * 1024;
const windowBytes = 2 * (blockHeadBytes + blockBytesMax);

/** The bytes of a file in order. What it gives is valid until the next call. */
class FileBytes {
  readonly #handle: FileHandle;
  readonly #window = Buffer.allocUnsafeSlow(windowBytes);
  /** What was read and not taken yet: [from, to) of the window. */
  #from = 0;
  #to = 0;
  #position = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** The next bytes, which stay the next; fewer at the end of the file. */
  async peek(bytes: number): Promise<Buffer> {
    if (this.#from + bytes > windowBytes) {
      this.#window.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
    }
    while (this.#to - this.#from < bytes) {
      const { bytesRead } = await this.#handle.read(this.#window, this.#to, windowBytes - this.#to, this.#position);
      if (bytesRead === 0) break;
      this.#to += bytesRead;
      this.#position += bytesRead;
    }
    return this.#window.subarray(this.#from, Math.min(this.#to, this.#from + bytes));
  }

  async take(bytes: number): Promise<Buffer> {
    const taken = await this.peek(bytes);
    this.#from += taken.length;
    return taken;
  }
}

/** By the flags behind the magic: they say which fields follow. */
const frameHeadBytes = (flags: number): number => {
  const isSingle = (flags & 32) !== 0;
  const windowSize = isSingle ? 0 : 1;
  const dictionaryId = [0, 1, 2, 4][flags & 3] as number;
  const contentSize = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6] as number;
  return magicBytes + 1 + windowSize + dictionaryId + contentSize;
};

const blockBytes = (head: Buffer): number => {
  const said = head.readUIntLE(0, blockHeadBytes);
  const isRun = ((said >> 1) & 3) === 1; // one byte stands for all
  return blockHeadBytes + (isRun ? 1 : Math.min(said >> 3, blockBytesMax));
};

async function* skippableParts(bytes: FileBytes): AsyncGenerator<Buffer> {
  const head = await bytes.take(skippableHeadBytes);
  let left = head.length < skippableHeadBytes ? 0 : head.readUInt32LE(magicBytes);
  yield head;
  while (left > 0) {
    const part = await bytes.take(Math.min(left, blockBytesMax));
    if (part.length === 0) return;
    left -= part.length;
    yield part;
  }
}

async function* frameParts(bytes: FileBytes, flags: number): AsyncGenerator<Buffer> {
  yield await bytes.take(frameHeadBytes(flags));
  for (let isLast = false; !isLast; ) {
    const head = await bytes.peek(blockHeadBytes);
    if (head.length < blockHeadBytes) return;
    isLast = ((head[0] as number) & 1) !== 0;
    yield await bytes.take(blockBytes(head));
  }
  const hasChecksum = (flags & 4) !== 0;
  if (hasChecksum) yield await bytes.take(checksumBytes);
}

/** The parts of a file, each valid until the next; of what is cut off, as much as is there. Ends where no part can begin. */
export async function* zstdParts(handle: FileHandle): AsyncGenerator<Buffer> {
  const bytes = new FileBytes(handle);
  for (;;) {
    const head = await bytes.peek(magicBytes + 1);
    if (head.length <= magicBytes) return;
    const isSkippable = (head.readUInt32LE(0) & 0xfffffff0) >>> 0 === skippableMagic;
    yield* isSkippable ? skippableParts(bytes) : frameParts(bytes, head[magicBytes] as number);
  }
}
