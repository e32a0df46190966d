/** What the log holds: envelopes, undecoded, each at its position. */
import type { AlarmState, Relayed } from './alarm.ts';

/**
 * `message`: a PUBLISH. `tick`: a second has passed, with the gate's counters. `command`: an operator's action.
 * `import`: decoded rows of history. `registry`: the town's file, or a device that was adopted.
 * `judged`: what a partition tells the alarm stage, in the alarm log alone.
 */
export type EnvelopeKind = 'message' | 'tick' | 'command' | 'import' | 'registry' | 'judged';

/** What a producer hands to the log. */
export interface Draft {
  readonly kind: EnvelopeKind;
  /** The device of the topic, unique in the town; the partition key. Empty for ticks and registry changes. */
  readonly subject: string;
  /** Who authenticated: the device itself or a gateway; empty for an anonymous client. */
  readonly sender: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly dup: boolean;
  readonly packetId: number;
}

export interface Envelope extends Draft {
  /** Partition of the log; 0 in the embedded form. */
  readonly partition: number;
  /** Counts envelopes of the partition from 0, without gaps. */
  readonly offset: number;
  /** Epoch ms: the running maximum of the log's own stamps. It never goes back. */
  readonly logTime: number;
}

/** The payload of a tick: the gate's counters, absolute since the log began unless said otherwise. */
export interface Tick {
  /** The gate whose tick it is, where there are several; absent: there is one. */
  readonly gate?: string;
  /** The gate's wall clock, epoch ms. */
  readonly wall: number;
  /** How long the gate has been open, ms, by a clock that nobody sets; absent in logs of earlier programs. */
  readonly up?: number;
  /** QoS 0 messages dropped because the gate could not keep up. */
  readonly qos0Dropped: number;
  /** Acknowledgements held at this moment. */
  readonly held: number;
  readonly connections: number;
  /** Bytes free on the disk of the log; -1 where unknown. */
  readonly diskFreeBytes: number;
}

/** The payload of an import: readings of one subject, columns beside each other. */
export interface ImportRows {
  /** File name without its folders, for receipts. */
  readonly source: string;
  readonly columns: readonly { readonly quantity: string; readonly spanMs: number }[];
  /** Epoch ms of the start of each row. */
  readonly at: readonly number[];
  /** values[column][row], in the quantity's canonical unit (a state: its word); null where the file marks a missing value. */
  readonly values: readonly (readonly (number | string | null)[])[];
  /** Rows of the file that could not be read. */
  readonly refused: readonly { readonly code: string; readonly message: string; readonly line: number; readonly text: string }[];
}

/** The payload of a registry envelope. */
export type RegistryChange = { readonly action: 'apply'; readonly town: unknown } | { readonly action: 'adopt'; readonly device: unknown };

/**
 * The payload of a command envelope: an operator's or a program's action. `settle`: an import of these subjects has ended.
 * `alarm`: what an operator did about an alarm, as `alarmActionSchema` reads it.
 * `cut`: the log below the offset `before` is behind the horizon, and the raw readings that came from it go with it.
 * `told`: an alarm was told on a channel in this state; in the alarm log alone.
 */
export type Command =
  | { readonly action: 'settle'; readonly subjects: readonly string[] }
  | { readonly action: 'cut'; readonly before: number }
  | { readonly action: 'alarm'; readonly alarm: unknown }
  | { readonly action: 'told'; readonly channel: string; readonly alarm: string; readonly state: AlarmState };

/** The payload of a `judged` envelope: what a partition put out, in its order. */
export interface Judged {
  readonly partition: number;
  readonly judgements: readonly Relayed[];
}
