/** A count in words. */

/** `1 site`, `2 sites`. @param plural where it is not the noun with an s */
export const counted = (count: number, noun: string, plural = `${noun}s`): string => `${count} ${count === 1 ? noun : plural}`;
