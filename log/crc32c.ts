/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) in JavaScript, eight bytes at a step; what is summed is left to the frame codec. */

const polynomial = 0x82f63b78;

const makeTables = (): Int32Array[] => {
  const first = new Int32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ polynomial : c >>> 1;
    first[n] = c;
  }
  const tables = [first];
  for (let t = 1; t < 8; t++) {
    const before = tables[t - 1] as Int32Array;
    tables.push(Int32Array.from(before, (c) => (c >>> 8) ^ (first[c & 255] as number)));
  }
  return tables;
};

const [t0, t1, t2, t3, t4, t5, t6, t7] = makeTables() as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];

/**
 * The checksum of bytes [start, end).
 * @param seed the checksum of what came before, or a salt; 0 for the standard sum
 * @returns an unsigned 32-bit number
 */
export const crc32c = (bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number => {
  let c = ~seed;
  let i = start;
  for (const whole = end - 7; i < whole; i += 8) {
    c ^= (bytes[i] as number) | ((bytes[i + 1] as number) << 8) | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24);
    c =
      (t7[c & 255] as number) ^
      (t6[(c >>> 8) & 255] as number) ^
      (t5[(c >>> 16) & 255] as number) ^
      (t4[c >>> 24] as number) ^
      (t3[bytes[i + 4] as number] as number) ^
      (t2[bytes[i + 5] as number] as number) ^
      (t1[bytes[i + 6] as number] as number) ^
      (t0[bytes[i + 7] as number] as number);
  }
  for (; i < end; i++) c = (c >>> 8) ^ (t0[(c ^ (bytes[i] as number)) & 255] as number);
  return ~c >>> 0;
};
