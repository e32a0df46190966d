/** What the embedded store takes of a machine unless it is told otherwise: the settings name the same. */

/** Memory of DuckDB's buffers, MB; what does not fit goes to a folder beside the file. In time it is all used, by what was written last. */
export const memoryLimitMbDefault = 64;
/** What a recomputation of the whole store and a cut have at the least, while they last. */
export const wholeStoreMemoryMb = 128;
/** Threads a query may use. */
export const threadsDefault = 2;
