/** All rows of the store in memory as canonical lines. The form of a line is `../dump.ts`. */
import { windowNames } from '../../core/window.ts';
import { alarmLine, anomalyLine, closureLine, compareClosures, compareDeadLetters, compareDevices, compareOccurrences, compareRevisions, deadLetterLine, deviceLine, paneLine, readingLine, revisionLine } from '../dump.ts'; // biome-ignore format: one line
import { compareKeys } from '../key-book.ts';
import { panesOf, readingsOf, type Tables } from './tables.ts';

/** As `Store.dump`. */
export async function* dump(all: Tables): AsyncGenerator<string> {
  const keys = [...all.book.entries].sort(compareKeys);
  for (const key of keys) yield* readingsOf(all, key).rows.map(readingLine);
  for (const window of windowNames) for (const key of keys) yield* panesOf(all, key, window).rows.map(paneLine);
  yield* [...all.deadLetters].sort(compareDeadLetters).map(deadLetterLine);
  yield* [...all.anomalies].sort(compareOccurrences).map(anomalyLine);
  yield* [...all.alarms].sort(compareOccurrences).map(alarmLine);
  yield* [...all.devices.values()].sort(compareDevices).map(deviceLine);
  yield* [...all.closures].sort(compareClosures).map(closureLine);
  yield* [...all.revisions].sort(compareRevisions).map(revisionLine);
}
