/** All rows of the InfluxDB store as canonical lines. The form of a line is `../dump.ts`. */
import type { Key } from '../../core/store.ts';
import { windowNames } from '../../core/window.ts';
import { alarmLine, anomalyLine, closureLine, compareClosures, compareDevices, compareOccurrences, compareRevisions, deadLetterLine, deviceLine, paneLine, readingLine, revisionLine } from '../dump.ts'; // biome-ignore format: one line
import { compareKeys } from '../key-book.ts';
import { always, type Flux } from './flux.ts';
import type { Letters } from './letters.ts';
import type { Loaded } from './load.ts';
import { versionsIn } from './neighbourhood.ts';
import { keyOf, occurrenceIn, paneIn } from './points.ts';
import { type Buckets, offsetOf, slotOf } from './schema.ts';

/** As `Store.dump`, a key at a time. */
export async function* dump(flux: Flux, buckets: Buckets, letters: Letters, { book, devices, closures, position }: Loaded): AsyncGenerator<string> {
  for (const key of book.withReadings()) yield* (await versionsIn(flux, buckets, key, 0, Number.MAX_SAFE_INTEGER, position)).map(readingLine);
  for (const window of windowNames) {
    const points = { bucket: window === 'P' ? buckets.state : buckets.panes, measurement: 'pane' as const, tags: { window }, fields: ['body'] };
    const keys: Key[] = (await flux.lastOfEach(points)).map(keyOf).sort(compareKeys);
    for (const key of keys) {
      const rows = (await flux.pointsOf(points, [key], always)).map((row) => paneIn(row, key, window));
      yield* rows
        .filter(({ revision }) => revision < position)
        .sort((a, b) => a.start - b.start || a.version - b.version)
        .map(paneLine);
    }
  }
  yield* (await letters.all(position)).map(deadLetterLine);
  const written = async <Kind extends 'anomaly' | 'alarm'>(measurement: Kind) =>
    (await flux.points({ bucket: buckets.panes, measurement, fields: ['body', 'offset'] }))
      .map((row) => occurrenceIn<Kind>(row))
      .filter(({ offset }) => offset < position)
      .sort(compareOccurrences);
  yield* (await written('anomaly')).map(anomalyLine);
  yield* (await written('alarm')).map(alarmLine);
  yield* [...devices.values()].sort(compareDevices).map(deviceLine);
  yield* [...closures].sort(compareClosures).map(closureLine);
  const revisions = await flux.points({ bucket: buckets.state, measurement: 'revision' }, { start: 0n, stop: slotOf(position) });
  yield* revisions
    .map((row) => ({ offset: offsetOf(row.nanos), logTime: row.number('log_time') }))
    .sort(compareRevisions)
    .map(revisionLine);
}
