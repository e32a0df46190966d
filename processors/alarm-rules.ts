/** What becomes an alarm, how soon, and what its anomalies have in common. The life of an alarm is left to `alarms.ts`. */
import type { AlarmPriority, AlarmSettings } from '../core/alarm.ts';
import type { ResolvedType } from '../core/device-type.ts';
import type { Anomaly } from '../core/reading.ts';
import { minuteMs } from '../core/time.ts';
import type { Device, Town } from '../core/town.ts';

export interface AlarmRule {
  readonly priority: AlarmPriority;
  /** How long an anomaly lasts before it raises an alarm, and how long none may have lasted before the alarm returns to normal; ms of log time. The second is above 0: two alarms of one cause never begin at once. */
  readonly onDelayMs: number;
  readonly offDelayMs: number;
  /** True where it stays, once it is over, until somebody has acknowledged it (a latch). */
  readonly isLatched: boolean;
  /** Dead band in value, % of what lies between the limits; absent: none. */
  readonly deadBandPercent?: number;
}

export const usual: AlarmRule = { priority: 'low', onDelayMs: 0, offDelayMs: 5 * minuteMs, isLatched: false };

/** By kind of anomaly; any other is as `usual`. By consequence: what hides consumption or breaks the books of a meter comes before a single odd value. */
const rules: Partial<Record<Anomaly['kind'], AlarmRule | null>> = {
  // A step says little by itself: a charge point that starts makes one. It is listed, and asks for no answer.
  jump: null,
  silent: { priority: 'medium', onDelayMs: 2 * minuteMs, offDelayMs: minuteMs, isLatched: false },
  stuck: { priority: 'medium', onDelayMs: 0, offDelayMs: 5 * minuteMs, isLatched: false },
  // What breaks the books of a meter: somebody must look, also where it was over by the morning.
  register: { priority: 'medium', onDelayMs: 0, offDelayMs: 5 * minuteMs, isLatched: true },
  unit: { priority: 'medium', onDelayMs: 0, offDelayMs: 5 * minuteMs, isLatched: true },
  'two-senders': { priority: 'medium', onDelayMs: 0, offDelayMs: 5 * minuteMs, isLatched: true },
  'out-of-range': { priority: 'medium', onDelayMs: 0, offDelayMs: 5 * minuteMs, isLatched: true },
  'voltage-quality': { priority: 'medium', onDelayMs: 0, offDelayMs: 5 * minuteMs, isLatched: false },
  'phase-imbalance': { priority: 'medium', onDelayMs: 0, offDelayMs: 5 * minuteMs, isLatched: false },
  // What destroys a transformer, and cuts off a quarter.
  overload: { priority: 'high', onDelayMs: 0, offDelayMs: 5 * minuteMs, isLatched: false },
  'transformer-heat': { priority: 'high', onDelayMs: 0, offDelayMs: 5 * minuteMs, isLatched: false },
  'clock-step': { priority: 'high', onDelayMs: 0, offDelayMs: minuteMs, isLatched: true },
};

/** Of the town what alarms ask: its devices, and what it sets. */
export interface AlarmTown {
  readonly find: (subject: string) => { readonly device: Device; readonly type?: Pick<ResolvedType, 'rules'> | undefined } | undefined;
  readonly town: () => Pick<Town, 'alarms'>;
}

type Own = NonNullable<NonNullable<AlarmSettings['kinds']>[Anomaly['kind']]>;

const changed = ({ priority, onDelayMs, offDelayMs, latched, deadBandPercent }: Own, rule: AlarmRule): AlarmRule => ({
  priority: priority ?? rule.priority,
  onDelayMs: onDelayMs ?? rule.onDelayMs,
  offDelayMs: offDelayMs ?? rule.offDelayMs,
  isLatched: latched ?? rule.isLatched,
  ...(deadBandPercent === undefined ? {} : { deadBandPercent }),
});

/** @param settings of the town; null: such an anomaly is listed, and raises no alarm */
export const alarmRuleOf = (kind: Anomaly['kind'], settings?: AlarmSettings): AlarmRule | null => {
  const rule = kind in rules ? (rules[kind] ?? null) : usual;
  const own = settings?.kinds?.[kind];
  if (own === undefined) return rule;
  return (own.raises ?? rule !== null) ? changed(own, rule ?? usual) : null;
};

/**
 * What the anomaly has in common with others. Silent devices that speak through one gateway are one alarm, and so are those of
 * one site: what failed is the gateway, the line or the mains, and one call mends it.
 */
export const causeOf = (
  { subject, kind }: Pick<Anomaly, 'subject' | 'kind'>,
  { find }: AlarmTown,
): { readonly cause: string; readonly site: string | null } => {
  if (kind === 'clock-step') return { cause: `octroi/${kind}`, site: null };
  const { site = null, via } = find(subject)?.device ?? {};
  const [gateway] = via ?? [];
  if (kind === 'silent' && gateway !== undefined) return { cause: `sender/${gateway}/${kind}`, site };
  if (kind === 'silent' && site !== null) return { cause: `site/${site}/${kind}`, site };
  return { cause: `device/${subject}/${kind}`, site };
};
