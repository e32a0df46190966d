/** How many envelopes are processed between two looks at the clock and at what is asked: as many as take about `sliceMs`, since one may hold a thousand readings. */

/** ms. */
export const sliceMs = 500;
export const sliceEnvelopesMin = 16;
/** Of the first one, when nothing is known. */
const sliceEnvelopesFirst = 256;

export interface Slices {
  /** Envelopes of the next one. */
  size(): number;
  /** What a full slice took, ms. */
  took(ms: number): void;
}

/** @param envelopesMax the largest */
export const slices = (envelopesMax: number): Slices => {
  let size = Math.min(sliceEnvelopesFirst, envelopesMax);
  return {
    size: () => size,
    // Half or double at the most: a slice that waited for a commit says little of the next one.
    took(ms) {
      size = ms > sliceMs ? Math.max(Math.floor(size / 2), sliceEnvelopesMin) : Math.min(size * 2, envelopesMax);
    },
  };
};
