/** The gate's town and its file: one change after the other, and what the disk does not take is refused before it is in the log, or written later. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type GateTown, gateTown } from '../../cli/gate/town.ts';
import { adoptedDevices, adoptedFile, appliedFile, keptTown } from '../../cli/keep/town-file.ts';
import type { RegistryChange } from '../../core/envelope.ts';
import { townOf } from '../drive.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { configFor } from './folder.ts';

const before = townOf([]);
const after = townOf([{ id: 'd2', type: 'generic' }]);

/** A gate's town over a log that is an array; a file that is stuck takes nothing. */
const held = (): { data: string; log: RegistryChange[]; town: GateTown; complaints: unknown[]; appending: () => void; stuck(file: string): () => void } => {
  const data = temporaryFolder();
  const log: RegistryChange[] = [];
  const complaints: unknown[] = [];
  const self = { data, log, complaints, appending: () => {} };
  const town = gateTown({
    config: configFor(data),
    town: before,
    at: 0,
    logEnd: () => 1 + log.length,
    async append(change) {
      self.appending();
      return log.push(change);
    },
    unkept: (error) => complaints.push(error),
  });
  const stuck = (file: string): (() => void) => {
    mkdirSync(`${file}.new`);
    return () => rmdirSync(`${file}.new`);
  };
  return Object.assign(self, { town, stuck });
};

test('what the disk does not take is refused before it is in the log', async () => {
  const { data, log, town, stuck } = held();
  const free = [stuck(appliedFile(data)), stuck(adoptedFile(data))];
  const changes: RegistryChange[] = [
    { action: 'apply', town: after },
    { action: 'adopt', device: { id: 'z', type: 'generic' } },
  ];
  for (const change of changes) await expect(town.change(change)).rejects.toMatchObject({ failure: { code: 'data-not-writable' } });
  expect([log, town.current(), await keptTown(data)]).toEqual([[], before, null]);
  for (const one of free) one();
  // It is known in memory by now: it still has to be in the file.
  for (const change of changes.reverse()) await town.change(change);
  expect([log, town.current(), await adoptedDevices(data)]).toEqual([changes, after, [{ id: 'z', type: 'generic' }]]);
  expect(await keptTown(data)).toEqual({ town: after, at: 2, changing: null });
});

test('a change that the log has and the file has not is in force; the file says where to look, and is written when it can be', async () => {
  const one = held();
  const { data, town, complaints, stuck } = one;
  let free = (): void => {};
  one.appending = () => {
    free = stuck(appliedFile(data));
  };
  expect(await town.apply(after)).toBe(1);
  await town.settle();
  expect([town.current(), town.sender('d2')]).toEqual([after, { id: 'd2' }]);
  expect(complaints.length).toBe(1);
  expect(await keptTown(data)).toEqual({ town: before, at: 0, changing: 1 });
  free();
  await town.settle();
  expect(await keptTown(data)).toEqual({ town: after, at: 1, changing: null });
});

test('changes that come at once are made one after the other', async () => {
  const { data, log, town } = held();
  const towns = ['a', 'b', 'c', 'd'].map((id) => townOf([{ id, type: 'generic' }]));
  expect(await Promise.all(towns.map((next) => town.apply(next)))).toEqual([1, 2, 3, 4]);
  expect(log).toEqual(towns.map((next) => ({ action: 'apply', town: next })));
  expect([town.current(), await keptTown(data)]).toEqual([towns[3], { town: towns[3], at: 4, changing: null }]);
});
