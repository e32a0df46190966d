/** What a device type is: data. One file a type in `devices/`; its examples are its tests. */
import type { Quantity } from './quantity.ts';

/** How one quantity behaves on devices of this type. */
export interface QuantityRule {
  readonly quantity: Quantity;
  /** Outside [low, high], in the canonical unit, a value is kept with the flag `implausible`, and out of all totals. Not for states. */
  readonly plausible?: readonly [low: number, high: number];
  /** index: the most it can rise in an hour, in the canonical unit; more means another meter. */
  readonly maxPerHour?: number;
  /** index: the register's first value beyond its last digit (1e6 for six digits), where known. */
  readonly registerEnd?: number;
  /** A gauge that keeps exactly one value longer than this is judged stuck. Absent: never. */
  readonly stuckAfterMs?: number;
  /** How long a value may be relied on after its reading; default the type's. */
  readonly holdMs?: number;
}

/** A field of the type's own payloads, beside the quantities' names. */
export interface FieldRule {
  readonly quantity: string;
  /** The field's unit where it is not the quantity's; a UCUM code. */
  readonly unit?: string;
}

export interface Example {
  /** What it shows. */
  readonly title: string;
  readonly payload: unknown;
  /** What it decodes to: values in the canonical unit, states as words. */
  readonly readings: readonly { readonly quantity: string; readonly at?: string; readonly value: number | string | null }[];
}

export const carrierNames = ['electricity', 'gas', 'heat'] as const;
export type CarrierName = (typeof carrierNames)[number];

export interface DeviceType {
  /** kebab-case, as in the town file. */
  readonly name: string;
  readonly label: { readonly fr: string; readonly en: string };
  /**
   * Whether its energy counts in the sums of its site and of the town: `supply` all that comes in there, `appliance` a part of it, which
   * counts where nothing measures the supply, `production` what is fed in, shown apart. Absent: in no sum.
   */
  readonly energy?: { readonly carrier: CarrierName; readonly of: 'supply' | 'appliance' | 'production' };
  /** What it is on the page of parking; absent: it is not there. */
  readonly parking?: 'car-park' | 'bay';
  /** ms between two reports. */
  readonly intervalMs: number;
  /** How long a value may be relied on, ms; default three intervals. */
  readonly holdMs?: number;
  /** How far behind the clock a report may come before its windows close, ms; default one interval. */
  readonly allowedLatenessMs?: number;
  /** Open time without a report after which the device is judged silent, ms; null: reports on change, never silent. Default four intervals. */
  readonly silentAfterMs?: number | null;
  /** Keeps its readings while the gate is away and sends them later. */
  readonly buffers?: boolean;
  readonly rules: readonly QuantityRule[];
  readonly fields?: Readonly<Record<string, FieldRule>>;
  /** Turns a foreign payload into native messages; absent: the type speaks the native form. */
  readonly toNative?: (payload: unknown) => unknown;
  readonly examples: readonly Example[];
}

/** A type with its defaults filled in and its rules by name. */
export interface ResolvedType {
  readonly type: DeviceType;
  readonly holdMs: number;
  readonly allowedLatenessMs: number;
  readonly silentAfterMs: number | null;
  /** Rules by quantity name. */
  readonly rules: ReadonlyMap<string, QuantityRule>;
  /** What a key of a payload means: the rule, and the factor to its canonical unit. */
  readonly fields: ReadonlyMap<string, { readonly rule: QuantityRule; readonly factor: number }>;
}

export const defaultHoldIntervals = 3;
export const defaultSilentIntervals = 4;
