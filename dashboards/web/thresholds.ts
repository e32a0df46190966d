/** Shares of a window that was observed, from which pages judge what they may say. */

/** Less than this observed on either side, and a comparison would not be fair. */
export const fairCoverage = 0.8;
/** Less than this observed, and a window is marked. */
export const fullCoverage = 0.95;
