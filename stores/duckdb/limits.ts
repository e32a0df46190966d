/** What the embedded store takes of a machine unless it is told otherwise: the settings name the same. */

/** Memory of DuckDB's buffers, MB; what does not fit goes to a folder beside the file. */
export const memoryLimitMbDefault = 48;
/** The same while readings are cut, MB, where the settings name less: what one transaction deletes is kept in memory, 3 million readings in 128 MB. */
export const cutMemoryMb = 128;
/** The same while panes are verified, MB: a town of 3.6 million rows needs 128 (measured). And what the largest key takes beside it, bytes a row: 5 million in 800 MB (measured). */
export const verifyMemoryMb = 192;
export const verifyRowBytes = 200;
/** It never asks for more than this, MB, a key of some 4 million rows: a larger one fits where the settings name more. */
export const verifyMemoryMbMax = 1_024;
/** Threads a query may use. */
export const threadsDefault = 2;
