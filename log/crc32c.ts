/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) in JavaScript, eight bytes at a step; what is summed is left to the frame codec. */

const polynomial = 0x82f63b78;

/** Table k begins at 256 k: the sum of a byte that k others follow. */
const table = new Int32Array(8 * 256);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ polynomial : c >>> 1;
  table[n] = c;
}
for (let n = 256; n < table.length; n++) {
  const c = table[n - 256] as number;
  table[n] = (c >>> 8) ^ (table[c & 255] as number);
}

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
      (table[1792 + (c & 255)] as number) ^
      (table[1536 + ((c >>> 8) & 255)] as number) ^
      (table[1280 + ((c >>> 16) & 255)] as number) ^
      (table[1024 + (c >>> 24)] as number) ^
      (table[768 + (bytes[i + 4] as number)] as number) ^
      (table[512 + (bytes[i + 5] as number)] as number) ^
      (table[256 + (bytes[i + 6] as number)] as number) ^
      (table[bytes[i + 7] as number] as number);
  }
  for (; i < end; i++) c = (c >>> 8) ^ (table[(c ^ (bytes[i] as number)) & 255] as number);
  return ~c >>> 0;
};
