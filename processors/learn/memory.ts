/** The memory of detectors as text, and back: numbers as they are, blocks of single-precision numbers in base64. */

const mark = 'f32:';

/** For `JSON.stringify`: a block leaves as text. */
export const floatsOut = (value: unknown): unknown =>
  value instanceof Float32Array ? mark + Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') : value;

/** A block out of its text; of another length than it has now it is forgotten, and learnt anew. */
export const floatsBack = (text: unknown): Float32Array => {
  if (typeof text !== 'string' || !text.startsWith(mark)) return new Float32Array(0);
  const bytes = Buffer.from(text.slice(mark.length), 'base64');
  const floats = new Float32Array(bytes.byteLength >> 2);
  new Uint8Array(floats.buffer).set(bytes.subarray(0, floats.byteLength));
  return floats;
};
