/** A backup taken under load, and what comes of it elsewhere: the same ledger, the same rows. A damaged one is refused. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { backup } from '../../cli/backup.ts';
import { checkFiles, makeWhole, readManifest } from '../../cli/keep/backup-files.ts';
import { storeFile } from '../../cli/keep/data-folder.ts';
import { takeBackup } from '../../cli/keep/take-backup.ts';
import { adoptedDevices, adoptedFile, type KeptTown, keepTown, keptTown } from '../../cli/keep/town-file.ts';
import { openPlant } from '../../cli/plant/parts.ts';
import { restoreBackup } from '../../cli/restore.ts';
import { inWorkshop, openWorkshop } from '../../cli/workshop.ts';
import { balance } from '../../core/ledger.ts';
import type { Town } from '../../core/town.ts';
import { openGate } from '../../main.ts';
import { loadReadingsPerMessage, runLoad } from '../../simulators/load.ts';
import { townOf } from '../drive.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { caughtUp, configFor, contents, filled, loaded, replayed, writtenLog } from './folder.ts';

/** An empty disk, or null where none can be mounted. */
const mounted = (options: string): string | null => {
  const path = temporaryFolder();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status !== 0) return null;
  onTestFinished(() => void spawnSync('umount', ['-l', path]));
  return path;
};

test('under load: nothing waits at the door, and the restored folder equals the log run up to the position', async () => {
  const data = join(temporaryFolder(), 'data');
  const target = join(temporaryFolder(), 'backup');
  const config = configFor(data);
  const gate = await openGate(config);
  await gate.http;
  const load = loaded(gate, { connections: 20, messages: 8_000, ratePerSecond: 2_000 });
  while (load.acknowledged() < 2_000) await delay(5);
  const taken = await backup(config, target);
  const after = load.acknowledged();
  expect(after).toBeLessThan(8_000);
  const { complete, sent } = await load.result;
  expect(complete).toBe(true);
  await gate.close();

  expect(taken.position).toBeGreaterThan(1_000);
  expect((await readManifest(target)).position).toBe(taken.position);
  const restored = join(temporaryFolder(), 'restored');
  await restoreBackup(target, restored, config);
  const reference = await replayed(data, taken.position);
  const found = await contents(restored);
  expect(found.position).toBe(taken.position);
  expect(found.ledger.readings).toEqual(reference.ledger.readings);
  expect(found.dump).toEqual(reference.dump);
  expect(found.dump.length).toBeGreaterThan(1_000);

  // It starts, and goes on where it stood.
  const again = await openGate(configFor(restored));
  await again.http;
  const more = await runLoad({
    port: again.mqttPort,
    connections: 1,
    window: 1,
    messages: 10,
    firstAt: Date.now(),
    stepMs: 1_000,
    resend: true,
    patienceMs: 10_000,
  });
  expect(more.complete).toBe(true);
  await again.close();
  const workshop = await openWorkshop(configFor(restored));
  const books = balance(await workshop.views.ledger(), await workshop.views.recount());
  expect(books.balanced).toBe(true);
  expect(books.readings.accepted).toBe(reference.ledger.readings.accepted + 10 * loadReadingsPerMessage);
  expect((await workshop.views.verify()).different).toBe(0);
  await workshop.close();
  expect(sent).toBe(8_000);
});

test('of a folder at rest, and what is refused', async () => {
  const data = join(temporaryFolder(), 'data');
  const target = join(temporaryFolder(), 'backup');
  const config = configFor(data);
  const written = await writtenLog(data);
  written.send('registry', { action: 'apply', town: { name: 'Test', zone: 'Europe/Paris', admission: 'open' } });
  await written.minutes(40, ['a', 'b']);
  await written.close();
  const town = townOf([{ id: 'a', type: 'submeter' }]);
  const changing = await openWorkshop(config);
  await changing.change({ action: 'apply', town });
  await changing.close();
  const adopted = [{ id: 'z', type: 'generic' }];
  writeFileSync(adoptedFile(data), JSON.stringify(adopted));
  const { position } = await backup(config, target);
  expect(position).toBe(written.log.durableEnd + 1);
  expect(readdirSync(target).sort()).toEqual(['adopted.json', 'manifest.json', 'octroi.duckdb', 'town.json']);
  const before = await contents(data);

  await expect(backup(config, target)).rejects.toMatchObject({ failure: { code: 'not-empty', where: target } });
  await expect(backup(configFor(join(data, 'none')), target)).rejects.toMatchObject({ failure: { code: 'no-data' } });
  await expect(restoreBackup(data, join(temporaryFolder(), 'r'), config)).rejects.toMatchObject({ failure: { code: 'no-backup' } });
  const full = temporaryFolder();
  writeFileSync(join(full, 'mine'), '');
  await expect(restoreBackup(target, full, config)).rejects.toMatchObject({ failure: { code: 'not-empty' } });
  expect(readdirSync(full)).toEqual(['mine']);

  // An empty folder that exists is taken.
  const into = join(temporaryFolder(), 'into');
  mkdirSync(into);
  await restoreBackup(target, into, config);
  expect(statSync(storeFile(into)).size).toBeGreaterThan(0);
  expect((await contents(into)).dump).toEqual(before.dump);
  expect(await keptTown(into)).toEqual({ town, at: position - 1, changing: null });
  // Known at the door before the plant is up.
  expect(await adoptedDevices(into)).toEqual(adopted);

  const damaged = async (change: (copy: string) => void): Promise<unknown> => {
    const copy = join(temporaryFolder(), 'copy');
    cpSync(target, copy, { recursive: true });
    change(copy);
    const refused = join(temporaryFolder(), 'refused');
    const error = await restoreBackup(copy, refused, config).catch((thrown: { failure: unknown }) => thrown.failure);
    expect(existsSync(refused)).toBe(false);
    expect(existsSync(`${refused}.unfinished`)).toBe(false);
    expect(error).toMatchObject({ where: expect.stringContaining(copy) });
    return error;
  };
  const flip = (path: string, at: number): void => {
    const bytes = readFileSync(path);
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(path, bytes);
  };
  const store = (copy: string): string => join(copy, 'octroi.duckdb');
  expect(await damaged((copy) => flip(store(copy), 20_000))).toMatchObject({ code: 'backup-damaged', message: expect.stringContaining('SHA-256') });
  expect(await damaged((copy) => writeFileSync(store(copy), readFileSync(store(copy)).subarray(0, 8_192)))).toMatchObject({
    code: 'backup-damaged',
    message: expect.stringContaining('8192 bytes'),
  });
  expect(
    await damaged((copy) =>
      writeFileSync(join(copy, 'manifest.json'), readFileSync(join(copy, 'manifest.json'), 'utf8').replace(/"position": \d+/, '"position": 7')),
    ),
  ).toMatchObject({ code: 'backup-damaged', where: expect.stringContaining('manifest.json') });
  expect(await damaged((copy) => writeFileSync(join(copy, 'manifest.json'), '{\n  "format": 1,\n  oh\n}'))).toMatchObject({
    code: 'backup-damaged',
    message: 'the manifest cannot be read: it is not JSON',
  });
  expect(await damaged((copy) => writeFileSync(join(copy, 'manifest.json'), '{"format": 99}'))).toMatchObject({ code: 'newer-version' });
});

test.for([
  ['has a town that the store has not yet', 0, (at: number, next: Town): KeptTown => ({ town: next, at, changing: null })],
  ['lacks a town that the store has', 1, (at: number): KeptTown => ({ town: townOf([]), at: 0, changing: at })],
] as const)('a town file that %s: what is restored has one town', async ([, stored, keptAs]) => {
  const data = join(temporaryFolder(), 'data');
  const next = townOf([{ id: 'd2', type: 'generic' }]);
  await (await filled(data, 1)).close();
  const written = await writtenLog(data);
  const at = written.log.durableEnd;
  written.send('registry', { action: 'apply', town: next });
  await written.close();
  await keepTown(data, keptAs(at, next));
  const plant = await openPlant(configFor(data));
  await plant.run.to(at + stored);
  const [target, restored] = [join(temporaryFolder(), 'backup'), join(temporaryFolder(), 'restored')];
  expect(await takeBackup(plant, data, target)).toMatchObject({ position: at + stored });
  await plant.close();
  await restoreBackup(target, restored, configFor(restored));
  const gate = await openGate(configFor(restored));
  expect(gate.town()).toEqual(next);
  await gate.close();
  expect(await inWorkshop(configFor(restored), async ({ views }) => (await views.town()).devices)).toContainEqual(next.devices[0]);
});

test('a mounted folder is filled in place: a backup, and the data folder that is made of it', async (context) => {
  const [backup, into] = [mounted('size=64m'), mounted('size=64m')];
  if (backup === null || into === null) return context.skip('no tmpfs can be mounted here');
  const data = temporaryFolder();
  await (await filled(data, 3)).close();
  const plant = await caughtUp(data);
  await takeBackup(plant, data, backup);
  await plant.close();
  await checkFiles(backup, await readManifest(backup));
  mkdirSync(join(into, '.unfinished')); // as one that was killed leaves it
  await restoreBackup(backup, into, configFor(into));
  expect(readdirSync(into)).not.toContain('.unfinished');
  expect((await contents(into)).dump).toEqual((await contents(data)).dump);
  await expect(restoreBackup(backup, into, configFor(into))).rejects.toMatchObject({ failure: { code: 'not-empty' } });
});

test('in a mounted folder a backup that fails leaves nothing, and what the system refuses is one line', async (context) => {
  const [small, closed] = [mounted('size=64k'), mounted('ro')];
  if (small === null || closed === null) return context.skip('no tmpfs can be mounted here');
  const data = temporaryFolder();
  await (await filled(data, 1)).close();
  const plant = await caughtUp(data);
  const backup = join(temporaryFolder(), 'backup');
  await takeBackup(plant, data, backup);
  await expect(takeBackup(plant, data, small)).rejects.toMatchObject({ failure: { code: 'backup-failed' } });
  await plant.close();
  expect(readdirSync(small)).toEqual([]);
  await expect(restoreBackup(backup, closed, configFor(closed))).rejects.toMatchObject({ failure: { code: 'data-not-writable' } });
});

test('two that are written into one folder at once: the second is refused, the first is whole', async () => {
  const folder = join(temporaryFolder(), 'backup');
  const filled = Promise.withResolvers<void>();
  const first = makeWhole(folder, async (unfinished) => {
    await filled.promise;
    writeFileSync(join(unfinished, 'file'), 'whole');
  });
  await expect(makeWhole(folder, async () => {})).rejects.toThrow(/not-empty: another one is being written/);
  filled.resolve();
  await first;
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('whole');
});
