/** An alarm: anomalies with one cause, for a person to see and answer. Its life follows ISA-18.2 (IEC 62682, 5.3). How it is made is left to `processors/alarms.ts`. */
import { z } from 'zod';
import { type Anomaly, anomalyKinds } from './reading.ts';
import { dayMs, minuteMs } from './time.ts';

export const alarmPriorities = ['high', 'medium', 'low'] as const;
export type AlarmPriority = (typeof alarmPriorities)[number];

/**
 * `active`: it lasts, and nobody has answered. `acknowledged`: it lasts, and somebody has. `returned`: it is over, and nobody
 * has answered. `normal`: it is over; the next of its cause is another alarm.
 */
export const alarmStates = ['active', 'acknowledged', 'returned', 'normal'] as const;
export type AlarmState = (typeof alarmStates)[number];

/** Longest time for which an alarm is put aside at once: 30 days. */
export const shelveMinutesMax = 43_200;

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
  /** What its anomalies have in common: `device/<device>/<kind>`, `site/<site>/silent`, `sender/<gateway>/silent` or `octroi/<kind>`. */
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

/** What judging tells the alarms of an anomaly. */
export type AlarmNews =
  /** A row of it: its beginning, its end, or a mark. Withheld: it is over, and its value lies within the dead band of its limit. */
  | { readonly anomaly: Anomaly; readonly isWithheld: boolean }
  /** The id of one that was withheld: its value has come back. */
  | { readonly back: string };

/** On its way from a partition to the alarm stage; by offset and item it is told once, however often it comes. */
export interface Relayed {
  /** Of the envelope that put it out, and its place among what that one put out. */
  readonly offset: number;
  readonly item: number;
  /** `book`: the alarms that an earlier program, which made them in each partition, left in its snapshot; as `alarmBookBody` writes it. */
  readonly judgement: AlarmNews | { readonly book: string };
}

/** The state in which each alarm was last told on one channel, by its id; an alarm whose end was told is forgotten. */
export type Told = Readonly<Record<string, AlarmState>>;

/** What a town may set of one kind of anomaly; what it leaves out is as `processors/alarm-rules.ts` has it. */
const alarmRuleSchema = z.strictObject({
  /** `false`: it is listed among the anomalies, and raises no alarm. */
  raises: z.boolean().optional(),
  priority: z.enum(alarmPriorities).optional(),
  /** How long it lasts before it raises an alarm; of log time. */
  onDelayMs: z
    .int()
    .min(0)
    .max(30 * dayMs)
    .optional(),
  /** How long none may have lasted before the alarm returns to normal; what comes back before that belongs to it. */
  offDelayMs: z
    .int()
    .min(1_000)
    .max(30 * dayMs)
    .optional(),
  /** How far back within the limit that it passed the value must come before the alarm can be over, in % of what lies between the two limits (dead band, ISA-18.2); default 0. Of `out-of-range`: no other kind has limits that stand. */
  deadBandPercent: z.number().min(0).max(25).optional(),
  /** Once over it stays until somebody has acknowledged it. */
  latched: z.boolean().optional(),
});

/** The section `alarms` of the town file. */
export const alarmSettingsSchema = z.strictObject({
  /** Alarms within `floodMs` beyond which more are marked as a flood, unless their priority is high; default 10 in 600000 ms (EEMUA 191). */
  floodAlarmsMax: z.int().min(1).max(1_000).optional(),
  floodMs: z.int().min(minuteMs).max(dayMs).optional(),
  kinds: z.partialRecord(z.enum(anomalyKinds), alarmRuleSchema).optional(),
});
export type AlarmSettings = z.output<typeof alarmSettingsSchema>;

/** What a town file cannot set any more, though a town that was applied earlier may hold it. @returns each fault with its path from the root of the file, as of `yaml.ts` */
export const alarmFaults = (settings: AlarmSettings | undefined): [path: string[], message: string][] =>
  Object.entries(settings?.kinds ?? {}).flatMap(([kind, { onDelayMs = 0, deadBandPercent = 0 }]): [string[], string][] => [
    ...(kind === 'clock-step' && onDelayMs > 0
      ? [fault(kind, 'onDelayMs', 'a step of the clock is over at once: it can have no delay; "raises: false" makes it raise no alarm')]
      : []),
    ...(kind !== 'out-of-range' && deadBandPercent > 0
      ? [fault(kind, 'deadBandPercent', 'a dead band is of limits that stand: only out-of-range has such')]
      : []),
  ]);
const fault = (kind: string, field: string, message: string): [string[], string] => [['alarms', 'kinds', kind, field], message];

const signature = { by: z.string().trim().min(1).max(64), comment: z.string().trim().max(500).default('') };
const alarm = z.string().min(1).max(400);

/** An operator's action on an alarm, as an envelope `command` holds it. An action on an alarm that is not open does nothing, but for a label. */
export const alarmActionSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('acknowledge'), alarm, ...signature }),
  z.strictObject({ do: z.literal('shelve'), alarm, ...signature, minutes: z.int().min(1).max(shelveMinutesMax) }),
  z.strictObject({ do: z.literal('unshelve'), alarm, ...signature }),
  z.strictObject({ do: z.literal('label'), alarm, ...signature, verdict: z.enum(alarmLabels) }),
  z.strictObject({ do: z.literal('end-exception'), cause: alarm, ...signature }),
]);
export type AlarmAction = z.output<typeof alarmActionSchema>;
