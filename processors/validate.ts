/** Operator validate: a candidate becomes quanta at an event time, or a failure that names its field. */
import type { QuantityRule } from '../core/device-type.ts';
import { type Failure, type FailureCode, failure } from '../core/failure.ts';
import type { Point } from '../core/fold.ts';
import { amountQuantaMax, gaugeQuantaMax, toQuanta } from '../core/quantity.ts';
import { Flag } from '../core/reading.ts';
import type { Candidate } from './decode.ts';

/** How far ahead of the log time an event may be, ms. */
export const futureLimitMs = 600_000;
/** No sensor of ours reported before 2000-01-01T00:00:00Z. */
export const eventTimeMin = 946_684_800_000;
/** Event times after it (2200) are refused for good: no calendar is kept for them. */
export const eventTimeMax = 7_258_118_400_000;

/** A reading that is not yet identified. */
export interface Measured {
  readonly rule: QuantityRule;
  readonly point: Point;
}

export type Validated = Measured | { readonly refused: Failure; readonly at: number | null };

const refuse = (code: FailureCode, message: string, field: string, at: number | null = null): Validated => ({ refused: failure(code, message, field), at });

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ]([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})$/;

/** False for a date such as 30 February, which Date.parse takes for a day in March. */
const isDate = (date: string): boolean => Number(date.slice(8)) <= 28 || new Date(`${date}T00:00:00Z`).getUTCDate() === Number(date.slice(8));

/** Epoch ms of a `ts`; null where it is neither epoch ms nor RFC 3339. */
export const eventTime = (ts: unknown): number | null => {
  if (typeof ts === 'number') return Number.isFinite(ts) ? Math.round(ts) : null;
  if (typeof ts !== 'string' || !rfc3339.test(ts) || !isDate(ts.slice(0, 10))) return null;
  const ms = Date.parse(ts);
  return Number.isNaN(ms) ? null : ms;
};

/** The start of a value, for messages. Arrays and objects are only named: they may be nested too deeply to print. */
export const excerpt = (value: unknown): string => {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};

/**
 * What lies ahead waits for its time only where nothing else is wrong with it: it is small then.
 * @param logTime of the envelope: the event time of a candidate without one, which is then flagged `unstamped`
 */
export const validate = (candidate: Candidate, logTime: number): Validated => {
  const measured = measure(candidate, logTime);
  if ('refused' in measured || measured.point.at <= logTime + futureLimitMs) return measured;
  const ahead = Math.round((measured.point.at - logTime) / 1000);
  return refuse('future', `ts ${excerpt(candidate.ts)} is ${ahead} s ahead`, 'ts', measured.point.at);
};

const measure = (candidate: Candidate, logTime: number): Validated => {
  const field = candidate.declared.type.fields.get(candidate.field);
  if (field === undefined)
    return refuse('unknown-quantity', `a ${candidate.declared.device.type} does not measure ${excerpt(candidate.field)}`, candidate.field.slice(0, 80));
  const { rule, factor } = field;

  let flags = candidate.declared.device.simulated === true ? Flag.simulated : 0;
  let at = logTime;
  if (candidate.ts === undefined || candidate.ts === null) flags |= Flag.unstamped;
  else {
    const stamped = eventTime(candidate.ts);
    if (stamped === null) return refuse('bad-time', `ts ${excerpt(candidate.ts)}`, 'ts');
    if (stamped < eventTimeMin || stamped > eventTimeMax) return refuse('time-out-of-range', `ts ${excerpt(candidate.ts)} is outside 2000 to 2200`, 'ts');
    at = stamped;
  }
  const { quantity } = rule;
  const spanMs = quantity.kind === 'delta' ? candidate.spanMs || (candidate.declared.device.intervalMs ?? candidate.declared.type.type.intervalMs) : 0;
  if (candidate.value === null) {
    const none = quantity.kind === 'index' || quantity.kind === 'delta' ? Flag.missing | Flag.excluded : Flag.missing;
    return { rule, point: { at, spanMs, value: null, flags: flags | none } };
  }
  if (quantity.kind === 'state') {
    const place = stateOf(quantity.states ?? [], candidate.value);
    if (place < 0) return refuse('unknown-state', `${excerpt(candidate.value)} is none of ${(quantity.states ?? []).join(', ')}`, candidate.field, at);
    return { rule, point: { at, spanMs: 0, value: place, flags } };
  }
  if (typeof candidate.value !== 'number') return refuse('wrong-type', `${excerpt(candidate.value)} is not a number`, candidate.field, at);
  if (!Number.isFinite(candidate.value)) return refuse('not-finite', `${String(candidate.value)} is not finite`, candidate.field, at);
  const value = candidate.value * factor;
  const quanta = toQuanta(quantity, value);
  if (!(Math.abs(quanta) < (quantity.kind === 'gauge' ? gaugeQuantaMax : amountQuantaMax))) {
    return refuse('value-too-large', `${excerpt(candidate.value)} cannot be kept in ${quantity.unit}`, candidate.field, at);
  }
  if (quantity.kind === 'index' && quanta < 0) return refuse('negative-register', `${excerpt(candidate.value)} is below zero`, candidate.field, at);
  if (rule.plausible !== undefined && (value < rule.plausible[0] || value > rule.plausible[1])) flags |= Flag.implausible | Flag.excluded;
  return { rule, point: { at, spanMs, value: quanta, flags } };
};

/** Place of a word among the states; booleans and 0 / 1 serve two-worded states. -1 where it is none. */
const stateOf = (states: readonly string[], value: unknown): number => {
  if (typeof value === 'string') return states.indexOf(value);
  if (states.length === 2 && typeof value === 'boolean') return value ? 1 : 0;
  return states.length === 2 && (value === 0 || value === 1) ? value : -1;
};
