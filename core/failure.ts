/** Every failure that octroi reports, in one table; docs/failures.md lists the same codes and a test compares them. */

/** `permanent`: the same input fails again. `retryable`: the same input may succeed later. */
export type FailureClass = 'permanent' | 'retryable';

interface FailureRow {
  readonly stage: 'broker' | 'decode' | 'validate' | 'identify' | 'import' | 'log' | 'store' | 'town' | 'api' | 'process';
  readonly class: FailureClass;
  /** What an operator should do. */
  readonly remedy: string;
}

export const failures = {
  // decode: the envelope as a whole
  'topic-unknown': { stage: 'decode', class: 'permanent', remedy: 'Publish to city/v1/<area>/<device>/telemetry.' },
  'not-json': { stage: 'decode', class: 'permanent', remedy: 'Send one JSON object, or an array of them.' },
  'payload-too-large': { stage: 'decode', class: 'permanent', remedy: 'Send fewer readings in a message.' },
  'wrong-shape': { stage: 'decode', class: 'permanent', remedy: 'Send {"ts": …, "values": {"<quantity>": …}}.' },
  'unknown-device': {
    stage: 'decode',
    class: 'retryable',
    remedy: 'Adopt the device, or declare it in the town file; with a secret, what came without it stays out.',
  },
  'payload-gone': { stage: 'decode', class: 'permanent', remedy: 'Send it again: it was longer than what a dead letter keeps, and the log is cut there.' },
  'foreign-device': {
    stage: 'decode',
    class: 'permanent',
    remedy: 'Publish as the device itself (its id is the MQTT user name, and its secret the password), or declare the sender under `via`.',
  },
  'device-mismatch': { stage: 'decode', class: 'permanent', remedy: 'Make deviceId equal the device of the topic.' },
  // validate: one reading
  'unknown-quantity': { stage: 'validate', class: 'permanent', remedy: 'Use a quantity or a field of the device type.' },
  'wrong-type': { stage: 'validate', class: 'permanent', remedy: 'Send a number, a boolean, a word of the state, or null.' },
  'not-finite': { stage: 'validate', class: 'permanent', remedy: 'Send a finite number, or null where there is no value.' },
  'value-too-large': { stage: 'validate', class: 'permanent', remedy: 'Check the unit; the value cannot be represented.' },
  'negative-register': { stage: 'validate', class: 'permanent', remedy: 'A register counts up from zero: check the sign.' },
  'unknown-state': { stage: 'validate', class: 'permanent', remedy: 'Use one of the words of the state.' },
  'bad-time': { stage: 'validate', class: 'permanent', remedy: 'Send ts as epoch milliseconds or RFC 3339.' },
  'time-out-of-range': { stage: 'validate', class: 'permanent', remedy: 'Set the clock of the device.' },
  future: { stage: 'validate', class: 'retryable', remedy: 'Set the clock of the device; the reading is kept and opened when its time has come.' },
  'beyond-horizon': { stage: 'identify', class: 'permanent', remedy: 'The raw readings of that quarter of an hour were cut; import it into a fresh store.' },
  // import
  'no-such-local-time': { stage: 'import', class: 'permanent', remedy: 'Say in the profile what a missing or repeated local hour means.' },
  'bad-cell': { stage: 'import', class: 'permanent', remedy: 'Correct the cell, or name its marker under `missing` in the profile.' },
  'bad-row': { stage: 'import', class: 'permanent', remedy: 'Correct the row: its columns do not match the header.' },
  'import-unknown-device': { stage: 'import', class: 'permanent', remedy: 'Declare the device in the town file, then import the file again.' },
  'profile-invalid': { stage: 'import', class: 'permanent', remedy: 'Correct the profile at the place named.' },
  'no-profile': { stage: 'import', class: 'permanent', remedy: 'Pass --profile, or add one to imports/profiles.' },
  // broker
  'bad-credentials': { stage: 'broker', class: 'permanent', remedy: 'Use the device id as user name and its secret as password.' },
  'subscribe-denied': { stage: 'broker', class: 'permanent', remedy: 'Only city/v1/public/# can be subscribed to, and city/v1/operators/# by an operator.' },
  'limit-reached': { stage: 'broker', class: 'retryable', remedy: 'Slow down, or raise the named limit.' },
  // log
  'log-corrupt': { stage: 'log', class: 'permanent', remedy: 'Run octroi rebuild; octroi ledger names what is missing.' },
  'log-unreadable': {
    stage: 'log',
    class: 'retryable',
    remedy: 'Look to the disk, and to the rights of what is named; nothing of the log is skipped, and what reads it goes on where it stood.',
  },
  'log-removed': {
    stage: 'log',
    class: 'permanent',
    remedy: 'Stop whatever else uses the data folder, then start again: what was not acknowledged is sent again.',
  },
  'log-diverged': { stage: 'log', class: 'permanent', remedy: 'Name an empty folder: this copy belongs to another log, or the log lost what was shipped.' },
  'log-unreachable': {
    stage: 'log',
    class: 'retryable',
    remedy: 'Start Kafka, or correct OCTROI_KAFKA_BROKERS; what is not acknowledged waits at its senders.',
  },
  'log-denied': { stage: 'log', class: 'permanent', remedy: 'Correct OCTROI_KAFKA_USER and OCTROI_KAFKA_PASSWORD, or give the user the right to the topics.' },
  'log-not-set-up': { stage: 'log', class: 'permanent', remedy: 'Run octroi kafka setup, or correct the setting named.' },
  'log-unsupported': { stage: 'log', class: 'permanent', remedy: 'Run a Kafka of a version that docs/kafka.md names.' },
  'newer-version': { stage: 'log', class: 'permanent', remedy: 'Start the version of octroi that wrote this data, or a later one.' },
  // store
  'store-failed': { stage: 'store', class: 'retryable', remedy: 'The plant reopens the store and catches up by itself; see its log if it does not.' },
  'store-corrupt': {
    stage: 'store',
    class: 'permanent',
    remedy: 'Run octroi rebuild: it sets the damaged store aside and makes it anew from the last backup and the log.',
  },
  'store-unreachable': { stage: 'store', class: 'retryable', remedy: 'Start InfluxDB, or correct OCTROI_INFLUX_URL; what is acknowledged waits in the log.' },
  'store-denied': {
    stage: 'store',
    class: 'permanent',
    remedy: 'Correct OCTROI_INFLUX_ORG and OCTROI_INFLUX_TOKEN: the token must read and write the buckets.',
  },
  'store-not-set-up': { stage: 'store', class: 'permanent', remedy: 'Run octroi influx setup, or correct the names of the buckets.' },
  'store-refused': { stage: 'store', class: 'permanent', remedy: 'Keep raw readings longer (OCTROI_INFLUX_RAW_DAYS), and leave the buckets to octroi alone.' },
  'backup-failed': { stage: 'store', class: 'retryable', remedy: 'Free space at the target, or name another; nothing half-written is left.' },
  'backup-damaged': { stage: 'store', class: 'permanent', remedy: 'Use another backup: this one is not what was written.' },
  'no-backup': { stage: 'store', class: 'permanent', remedy: 'Name a folder that octroi backup or octroi follow has written.' },
  // town
  'town-invalid': { stage: 'town', class: 'permanent', remedy: 'Correct the town file at the line named.' },
  // process
  'port-taken': { stage: 'process', class: 'retryable', remedy: 'Stop the other program, or choose another port.' },
  'data-in-use': { stage: 'process', class: 'retryable', remedy: 'Stop the octroi that uses the folder, or choose another with --data.' },
  'data-not-writable': { stage: 'process', class: 'retryable', remedy: 'Give the user write access to the data folder, or free disk space.' },
  'bad-setting': { stage: 'process', class: 'permanent', remedy: 'Correct the setting; octroi config lists them all.' },
  'not-loopback': {
    stage: 'process',
    class: 'permanent',
    remedy:
      'Keep 127.0.0.1. For the pages: octroi has no access control of its own for pages, put a proxy with log-in before it. For MQTT: set `admission: declared` in the town file.',
  },
  'rules-invalid': { stage: 'process', class: 'permanent', remedy: 'Correct the place named; docs/alarms.md has the fields of the section alarms.' },
  'no-data': { stage: 'process', class: 'permanent', remedy: 'Name a folder that octroi has written, with --data.' },
  'not-empty': { stage: 'process', class: 'permanent', remedy: 'Name an empty folder.' },
  'not-with-kafka': {
    stage: 'process',
    class: 'permanent',
    remedy: 'Start on an empty data folder: the store is made again of what the topic keeps. Or unset OCTROI_LOG, for a log in the folder.',
  },
  'type-invalid': { stage: 'process', class: 'permanent', remedy: 'Correct the device type named; the tests in test/devices say what one must hold to.' },
  'nab-invalid': {
    stage: 'process',
    class: 'permanent',
    remedy: 'Correct the place named: windows.json names files and their windows, data/ holds each as CSV with timestamp,value.',
  },
  // api
  'bad-request': { stage: 'api', class: 'permanent', remedy: 'Correct the parameter named.' },
  'not-found': { stage: 'api', class: 'permanent', remedy: 'Check the name; the lists of the API show what there is.' },
  'too-wide': { stage: 'api', class: 'permanent', remedy: 'Ask for a shorter range or a larger window.' },
  forbidden: { stage: 'api', class: 'permanent', remedy: 'Send the request from the page that octroi itself serves.' },
  unavailable: { stage: 'api', class: 'retryable', remedy: 'The plant is starting or catching up: ask again in a few seconds.' },
} as const satisfies Record<string, FailureRow>;

export type FailureCode = keyof typeof failures;

/** A failure as a value: the code, and in words what was found and where. */
export interface Failure {
  readonly code: FailureCode;
  /** What was found. */
  readonly message: string;
  /** The field, line, file, port or path concerned. */
  readonly where?: string;
}

export const failure = (code: FailureCode, message: string, where?: string): Failure => (where === undefined ? { code, message } : { code, message, where });

/** The throwable form, for places where a failure ends the work at hand. */
export class FailureError extends Error {
  readonly failure: Failure;
  constructor(cause: Failure) {
    super(`${cause.code}: ${cause.message}${cause.where === undefined ? '' : ` (${cause.where})`}. ${failures[cause.code].remedy}`);
    this.name = 'FailureError';
    this.failure = cause;
  }
}

export const fail = (code: FailureCode, message: string, where?: string): FailureError => new FailureError(failure(code, message, where));

/** Whatever was thrown, as a value: what is no failure of the table counts as `store-failed`, with its stack. */
export const failureOf = (error: unknown): Failure =>
  error instanceof FailureError ? error.failure : failure('store-failed', error instanceof Error ? (error.stack ?? error.message) : String(error));
