/** Every limit of the HTTP side, named, with its unit and what happens at it. Limits of the door and the log are theirs. */

/** Characters of a request's target; beyond it 414. */
export const urlCharsMax = 4_096;
/** Bytes of a request's headers; beyond it Node answers 431. */
export const headerBytesMax = 16_384;
/** Bytes of a request's body; beyond it 413. */
export const bodyBytesMax = 65_536;
/** Time for a whole request to arrive, ms; beyond it 408. */
export const requestMsMax = 10_000;
/** Time for a request's headers to arrive, ms; beyond it 408. */
export const headerMsMax = 5_000;
/** Idle time of a kept connection, ms; then it is closed. */
export const keepAliveMs = 5_000;
/** Open connections; further ones are dropped. */
export const connectionsMax = 1_024;

/** How long a reader may leave an answer waiting, ms; then its connection is cut. */
export const answerMsMax = 60_000;
/** Bytes that may wait for all readers together; beyond it those with the most are cut. */
export const waitingBytesMax = 64 * 1024 * 1024;

/** Rows of one page of readings, anomalies or dead letters; more is 400. */
export const pageRowsMax = 10_000;
export const pageRowsDefault = 1_000;
/** Windows of one answer, over all its devices; more is `too-wide`. */
export const panesMax = 20_000;

/** Series whose month one answer of adjustments looks through; more is `too-wide`. */
export const adjustedKeysMax = 500;

/** Open event streams; further ones get 503. */
export const streamsMax = 200;
/** Events kept for readers that come back. */
export const eventsKept = 256;
/** Latest values that all of them together carry; the oldest go first. A value takes some 110 bytes. */
export const eventValuesKeptMax = 20_000;
/** The same while nobody reads, nor has for as many commits as are kept. */
export const eventValuesUnreadMax = 2_000;
/** Latest values that one event carries to a page; a burst is cut, the next event brings the rest. */
export const eventValuesMax = 500;

/** Car parks whose forecasts the parking page shows, by name; of further ones the API gives them. One takes some 50 ms, once a quarter of an hour. */
export const forecastParksMax = 30;

/** Envelopes that may wait before the plant counts as not ready. */
export const readyLagMax = 50_000;
/** Codes that /metrics counts dead letters by. */
export const deadLetterCodesMax = 100;
/** Limits of the door that /metrics counts by name. */
export const doorLimitsMax = 100;
/** Rows of one list of devices, latest values or silent devices. */
export const listRowsMax = 20_000;
/** Characters of the name of an alarm. */
export const alarmCharsMax = 400;
/** Characters of one parameter of a page. */
export const pageQueryCharsMax = 100;
