/** What one commit holds at the most, and how often a snapshot is taken. The limit of characters is in reopened.test.ts. */
import { expect, test } from 'vitest';
import { type Commit, emptyLedger, emptyOutputs, type Outputs, type Store } from '../../core/store.ts';
import { memoryReader } from '../../log/memory.ts';
import type { Processor } from '../../processors/processor.ts';
import { commitRowsMax, run, snapshotEnvelopesMax } from '../../processors/run.ts';
import { memoryStore } from '../../stores/memory.ts';
import { drive, townOf } from '../drive.ts';

const now = Date.parse('2026-03-02T08:00:00Z');
const rowsOf = ({ readings, panes }: Outputs): number => readings.length + panes.length;

/** Puts out a row of every kind but a cut, which is committed at once. */
const putsOutAll = (): Processor => {
  let end = 0;
  return {
    wantsPast: () => false,
    process(_, out) {
      end++;
      for (const [kind, rows] of Object.entries(out)) if (kind !== 'cuts') rows.push({ payload: '', topic: '', message: '' });
      return undefined;
    },
    skip: () => {},
    end: () => end,
    logTime: () => now,
    ledger: () => emptyLedger,
    snapshot: () => [],
    restore: () => {},
  };
};

test('whatever waits for a commit is counted', async () => {
  const gate = await drive(townOf([]), now);
  const running = await run(putsOutAll(), memoryReader(gate.log), memoryStore());
  await running.to(1);
  expect(running.waitingRows()).toBe(Object.keys(emptyOutputs()).length - 1);
});

/** A store, and the commits that it took. */
const watched = (): { readonly store: Store; readonly commits: Commit[] } => {
  const store = memoryStore();
  const commits: Commit[] = [];
  const commit = (one: Commit): Promise<void> => {
    commits.push(one);
    return store.commit(one);
  };
  return { store: Object.create(store, { commit: { value: commit } }), commits };
};

test('a commit holds so many rows, and those of the envelope that reaches the limit', async () => {
  const { store, commits } = watched();
  const gate = await drive(townOf([]), now, store);
  const messages = commitRowsMax;
  for (let n = 0; n < messages; n++) gate.send('room', { ts: now - 86_400_000 + n * 1_000, values: { temperature: 20, humidity: 50 } });
  await gate.process();
  const rows = commits.map(({ outputs }) => rowsOf(outputs));
  expect(commits.reduce((sum, { outputs }) => sum + outputs.readings.length, 0)).toBe(2 * messages);
  expect(Math.max(...rows)).toBeGreaterThanOrEqual(commitRowsMax);
  expect(Math.max(...rows)).toBeLessThan(commitRowsMax + 20);
});

test('a snapshot goes with the first commit behind so many envelopes', async () => {
  const { store, commits } = watched();
  const gate = await drive(townOf([]), now, store);
  while (gate.log.length < snapshotEnvelopesMax - 1) gate.tick(gate.now() + 1_000);
  await gate.process();
  expect(commits.map(({ snapshot }) => snapshot)).toEqual([null]);
  gate.tick(gate.now() + 1_000);
  await gate.process();
  expect(commits.at(-1)).toMatchObject({ end: snapshotEnvelopesMax, snapshot: { offset: snapshotEnvelopesMax } });
});
