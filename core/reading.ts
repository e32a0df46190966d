/** A reading: one value of one quantity of one device at one event time; and what becomes of those that are refused. */
import type { FailureCode } from './failure.ts';

/** Bits of `Reading.flags` and `Pane.flags`. */
export const Flag = {
  /** No `ts` was sent: the event time is the log time. */
  unstamped: 1,
  /** Unstamped, and nothing tells it from a repetition. */
  unidentified: 2,
  /** Outside the plausible range of its type. */
  implausible: 4,
  /** The device said that it has no value. */
  missing: 8,
  /** Takes no part in the fold (implausible, or a register without a value). */
  excluded: 16,
  /** Arrived behind the last reading of its key. */
  late: 32,
  /** The register started again from a lower value. */
  reset: 64,
  /** The register passed its last digit. */
  rollover: 128,
  /** The register rose faster than the type can: taken for another meter. */
  replaced: 256,
  /** Came by an import. */
  imported: 512,
  /** Comes from a simulator. */
  simulated: 1024,
} as const;

/** The names of the bits that are set, in their order. */
export const flagNames = (flags: number): string[] =>
  Object.entries(Flag)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name);

export interface Reading {
  readonly subject: string;
  readonly quantity: string;
  /** Event time, epoch ms; for a delta the start of [at, at + spanMs). */
  readonly at: number;
  /** Length of a delta in ms; 0 for other kinds. */
  readonly spanMs: number;
  /** Quanta; null where the device had no value. */
  readonly value: number | null;
  readonly flags: number;
  /** Offset of the envelope that it came in. */
  readonly offset: number;
  /** Offset of the envelope whose processing wrote it: later than `offset` where it waited, or was reopened. */
  readonly revision: number;
  /** How many earlier values there were for (subject, quantity, at). */
  readonly version: number;
}

export interface DeadLetter {
  readonly subject: string;
  /** Offset of the envelope. */
  readonly offset: number;
  /** What was refused of it: `wholeEnvelope`, or the place of the reading in it from `firstItem` on. */
  readonly item: number;
  readonly code: FailureCode;
  readonly message: string;
  /** The field concerned, or ''. */
  readonly field: string;
  readonly topic: string;
  readonly sender: string;
  /** Epoch ms at which the envelope was logged. */
  readonly logTime: number;
  /** Event time, where it could be read; else null. */
  readonly at: number | null;
  /** The payload as text: whole, or its first `deadLetterExcerptChars` characters. */
  readonly payload: string;
  /** How long it is, in characters, where `payload` is only its start and is read again from the log, at `offset`, when the letter is reopened. */
  readonly payloadChars?: number;
  /** It was sent again: present where it was. */
  readonly dup?: true;
  /** 0 when refused; a second row with version 1 says that it was reopened. */
  readonly version: 0 | 1;
  /** Offset of the envelope whose processing wrote this row: for version 1 the reopener's. */
  readonly revision: number;
}

/**
 * The `item` of a dead letter that is an envelope, and of the first reading in one. They differ: a reading that waited for its time may be
 * refused, behind it, for a cause for which its whole envelope was refused and reopened before.
 */
export const wholeEnvelope = 0;
export const firstItem = 1;

/** Of a payload a dead letter keeps that many characters: the store writes a group of 122,880 rows anew whenever some were added to it. */
export const deadLetterExcerptChars = 1_000;
/** So many readings of one message are refused for good each with a dead letter of its own; one more stands for all the others. */
export const lettersPerEnvelopeMax = 100;
/** Of a topic it keeps that many. */
export const deadLetterTopicCharsMax = 256;

/** Characters of the whole payload, also where the letter keeps only its start. */
export const payloadCharsOf = ({ payload, payloadChars }: DeadLetter): number => payloadChars ?? payload.length;

/** What an anomaly is: the detector's name; silence and steps of the server's clock are told by ticks, a detector that failed by its failure. */
export const anomalyKinds = [
  'out-of-range',
  'stuck',
  'silent',
  'jump',
  'clock-step',
  'detector-failed',
  'register',
  'two-senders',
  'stuck-series',
  'outage',
  'unit',
  'clock-shift',
  'new-extreme',
  'unusual-hour',
  'base-load',
  'use',
  'lighting',
  'solar-yield',
  'solar-peers',
  'phase-imbalance',
  'voltage-quality',
  'overload',
  'transformer-heat',
  'charger',
  'battery',
] as const;
export type AnomalyKind = (typeof anomalyKinds)[number];

/** One unusual thing, judged by one detector. A further row with the same id and the next version ends or marks it. */
export interface Anomaly {
  /** `<subject>/<quantity>/<kind>/<since>`; stable across replays. */
  readonly id: string;
  readonly subject: string;
  /** '' where the whole device is concerned. */
  readonly quantity: string;
  readonly kind: AnomalyKind;
  /** Epoch ms of the first unusual moment, in event time (log time for silence). */
  readonly since: number;
  /** Epoch ms of the end; null while it lasts. */
  readonly until: number | null;
  readonly observed: number | null;
  /** What was usual: [low, high] in the canonical unit; null where there is no such range. */
  readonly usual: readonly [number, number] | null;
  readonly reason: { readonly fr: string; readonly en: string };
  /** How surely it is unusual, 0.5 to 1, what was expected instead of `observed`, in the canonical unit, and which of its detector's reasons it is: of what detectors find. */
  readonly score?: number;
  readonly expected?: number | null;
  readonly code?: string;
  /** Offset of the envelope whose processing wrote this row. */
  readonly offset: number;
  readonly version: number;
  /** The last revision that changed readings in its span after it was judged (`basis-revised`); absent: none did. The judgement itself stays. */
  readonly basisRevised?: number;
}
