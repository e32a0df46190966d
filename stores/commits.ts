/** What of a commit is new to a store that stands at a position. Writing it is left to the stores. */
import type { Alarm } from '../core/alarm.ts';
import { fail } from '../core/failure.ts';
import type { Pane } from '../core/pane.ts';
import type { Place } from '../core/place.ts';
import type { Anomaly, DeadLetter, Reading } from '../core/reading.ts';
import type { Commit, Cut, Outputs, RevisionTime } from '../core/store.ts';

export type Closure = Outputs['closures'][number];

export type NewRows = Readonly<{ [Name in Exclude<keyof Outputs, 'judgements'>]: Readonly<Outputs[Name]> }>;

const from = <Row>(rows: readonly Row[], position: number, writtenBy: (row: Row) => number): readonly Row[] => rows.filter((row) => writtenBy(row) >= position);

const revisionOf = (row: Reading | Pane | DeadLetter): number => row.revision;
const offsetOf = (row: Anomaly | Alarm | Closure | Cut | Place | RevisionTime): number => row.offset;

const rowsFrom = (outputs: Outputs, position: number): NewRows => ({
  readings: from(outputs.readings, position, revisionOf),
  panes: from(outputs.panes, position, revisionOf),
  deadLetters: from(outputs.deadLetters, position, revisionOf),
  anomalies: from(outputs.anomalies, position, offsetOf),
  alarms: from(outputs.alarms, position, offsetOf),
  devices: outputs.devices,
  places: from(outputs.places, position, offsetOf),
  closures: from(outputs.closures, position, offsetOf),
  cuts: from(outputs.cuts, position, offsetOf),
  revisions: from(outputs.revisions, position, offsetOf),
});

/** The rows of a commit that a store at `position` does not hold yet. Fails with `store-failed` where it begins beyond: rows between would be missing. */
export const newRows = ({ start, outputs }: Commit, position: number): NewRows => {
  if (start > position) throw fail('store-failed', `a commit begins at ${start}, and the store stands at ${position}`);
  return start === position ? outputs : rowsFrom(outputs, position); // in the usual case none is repeated
};
