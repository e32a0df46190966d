/** Lengths of time in ms. Civil days and months, which have other lengths, are left to `window.ts`. */

export const minuteMs = 60_000;
export const quarterMs = 15 * minuteMs;
export const hourMs = 60 * minuteMs;
/** 24 hours; a civil day may have 23 or 25. */
export const dayMs = 24 * hourMs;
export const weekMs = 7 * dayMs;
