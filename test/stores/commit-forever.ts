/** A child process that commits to a store until it is killed, and prints each position that it was promised. */
import { duckdbStore } from '../../stores/duckdb.ts';
import { commit, pane, reading } from './rows.ts';

const store = await duckdbStore({ file: process.argv[2] ?? '', checkpointMb: 1 });
for (;;) {
  const start = store.position;
  const readings = Array.from({ length: 50 }, (_, i) => reading(start * 50 + i, i, start));
  const panes = [pane('PT15M', start * 900_000, (start + 1) * 900_000, 1, start)];
  const snapshot = { offset: start + 1, scopes: [{ scope: 's', body: String(start + 1).repeat(1_000) }] };
  await store.commit(commit(start, start + 1, { readings, panes }, { snapshot }));
  process.stdout.write(`${store.position}\n`);
}
