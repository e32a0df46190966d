/** One canonical line of NDJSON a row: what makes two stores comparable. The order of the rows is left to the stores. */
import type { Alarm } from '../core/alarm.ts';
import type { Pane } from '../core/pane.ts';
import type { Anomaly, DeadLetter, Reading } from '../core/reading.ts';
import type { RevisionTime } from '../core/store.ts';
import type { Device } from '../core/town.ts';
import type { Closure } from './commits.ts';
import { compareText } from './key-book.ts';

/** Fields by name at every depth; what a JSON number cannot hold exactly, as a decimal string. */
const canonical = (_field: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => compareText(a, b)));
};

const line = (table: string, row: object): string => `${JSON.stringify({ table, ...row }, canonical)}\n`;

/** Subject, quantity, time and version come first in the order of lines; each line ends with a newline. */
export const readingLine = (reading: Reading): string => line('readings', reading);
export const paneLine = (pane: Pane): string => line('panes', pane);
export const deadLetterLine = (letter: DeadLetter): string => line('dead-letters', letter);
export const anomalyLine = (anomaly: Anomaly): string => line('anomalies', anomaly);
export const alarmLine = (alarm: Alarm): string => line('alarms', alarm);
export const deviceLine = (device: Device): string => line('devices', device);
export const closureLine = (closure: Closure): string => line('closures', closure);
export const revisionLine = (revision: RevisionTime): string => line('revisions', revision);

/** The orders of the small tables in a dump. */
export const compareDeadLetters = (a: DeadLetter, b: DeadLetter): number =>
  a.offset - b.offset || a.item - b.item || compareText(a.code, b.code) || a.version - b.version;
export const compareOccurrences = (a: Anomaly | Alarm, b: Anomaly | Alarm): number => compareText(a.id, b.id) || a.version - b.version;
export const compareDevices = (a: Device, b: Device): number => compareText(a.id, b.id);
export const compareRevisions = (a: RevisionTime, b: RevisionTime): number => a.offset - b.offset;
export const compareClosures = (a: Closure, b: Closure): number => a.offset - b.offset || a.from - b.from || a.to - b.to;
