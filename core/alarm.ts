/** An alarm: anomalies with one cause, for a person to see and answer. Its life follows ISA-18.2 (IEC 62682, 5.3). How it is made is left to `processors/alarms.ts`. */
import { z } from 'zod';
import type { Anomaly } from './reading.ts';

export const alarmPriorities = ['high', 'medium', 'low'] as const;
export type AlarmPriority = (typeof alarmPriorities)[number];

/**
 * `active`: it lasts, and nobody has answered. `acknowledged`: it lasts, and somebody has. `returned`: it is over, and nobody
 * has answered. `normal`: it is over; the next of its cause is another alarm.
 */
export const alarmStates = ['active', 'acknowledged', 'returned', 'normal'] as const;
export type AlarmState = (typeof alarmStates)[number];

/** What a person thinks of it. `known`: true, and of no use: its cause raises no alarm until that is ended. */
export const alarmLabels = ['right', 'wrong', 'known'] as const;
export type AlarmLabel = (typeof alarmLabels)[number];

/** Who did something, when (log time, epoch ms), and what they wrote. */
export interface Signed {
  readonly by: string;
  readonly at: number;
  readonly comment: string;
}

/** One version of an alarm; a further row with the same id and the next version is its next. */
export interface Alarm {
  /** `<cause>/<since>`; stable across replays. */
  readonly id: string;
  /** What its anomalies have in common: `device/<device>/<kind>`, `site/<site>/silent`, `sender/<gateway>/silent` or `octroi/<kind>`; followed by `@<partition>` where the log has several. */
  readonly cause: string;
  readonly kind: Anomaly['kind'];
  /** Of its first anomaly. */
  readonly subject: string;
  readonly quantity: string;
  readonly site: string | null;
  readonly priority: AlarmPriority;
  readonly state: AlarmState;
  /** Log time at which it was raised, epoch ms. */
  readonly since: number;
  /** Log time at which it returned to normal; null while it lasts. */
  readonly until: number | null;
  /** Anomalies that it holds, and those of them that last. */
  readonly anomalies: number;
  readonly lasting: number;
  /** Of its first anomaly. */
  readonly firstAnomaly: string;
  readonly reason: Anomaly['reason'];
  readonly acknowledged: Signed | null;
  /** Out of sight until this log time, and who wanted it so. */
  readonly shelved: (Signed & { readonly until: number }) | null;
  readonly label: (Signed & { readonly verdict: AlarmLabel }) | null;
  /** Raised while more came than a person can answer: listed, and told to nobody. */
  readonly flood: boolean;
  /** Offset of the envelope whose processing wrote this row. */
  readonly offset: number;
  readonly version: number;
}

/** A cause that raises no alarm, since somebody said that it is known. */
export interface AlarmException extends Signed {
  readonly cause: string;
  /** Anomalies that raised no alarm because of it. */
  readonly held: number;
}

const signature = { by: z.string().trim().min(1).max(64), comment: z.string().trim().max(500).default('') };
const alarm = z.string().min(1).max(400);

/** An operator's action on an alarm, as an envelope `command` holds it. An action on an alarm that is not open does nothing, but for a label. */
export const alarmActionSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('acknowledge'), alarm, ...signature }),
  z.strictObject({ do: z.literal('shelve'), alarm, ...signature, minutes: z.int().min(1).max(43_200) }),
  z.strictObject({ do: z.literal('unshelve'), alarm, ...signature }),
  z.strictObject({ do: z.literal('label'), alarm, ...signature, verdict: z.enum(alarmLabels) }),
  z.strictObject({ do: z.literal('end-exception'), cause: alarm, ...signature }),
]);
export type AlarmAction = z.output<typeof alarmActionSchema>;
