/** `octroi judge` as a process: what it prints, and how it ends. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folder, octroi } from '../e2e/running.ts';

/** 400 quarters of an hour, one of which stands far out; its window begins there. */
const labelled = (files: readonly string[]): string => {
  const dir = folder();
  mkdirSync(join(dir, 'data', 'a'), { recursive: true });
  const stamp = (row: number): string => new Date(Date.UTC(2026, 0, 1) + row * 900_000).toISOString().slice(0, 19).replace('T', ' ');
  const rows = Array.from({ length: 400 }, (_, row) => `${stamp(row)},${row === 300 ? 900 : 20 + (row % 7)}`);
  for (const file of files) writeFileSync(join(dir, 'data', file), `${['timestamp,value', ...rows].join('\n')}\n`);
  writeFileSync(join(dir, 'windows.json'), JSON.stringify(Object.fromEntries(files.map((file) => [file, [[stamp(300), stamp(320)]]]))));
  return dir;
};

test('the last line of --json is one object with the three scores', async () => {
  const { code, out } = await octroi(['judge', '--nab', labelled(['a/one.csv', 'a/two.csv']), '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    nab: { standard: 100, reward_low_FP: 100, reward_low_FN: 100 },
    held_out: { standard: { mean: 100, p10: 100, p90: 100 } },
    found: { standard: { windows_found: 2, false_rows: 0 } },
    windows: 2,
  });
});

test('the table says windows found, false rows, and that one file has no half', async () => {
  const { code, out } = await octroi(['judge', '--nab', labelled(['a/one.csv'])]);
  expect(code).toBe(0);
  expect(out).toMatch(/^standard +100\.0 +1 of 1 +0 +100\.0 +too few files$/m);
});

/** Eight weeks of a car park that fills and empties each day, as its import profile has it. */
const measured = (): string => {
  const dir = folder();
  const start = Date.UTC(2024, 1, 1);
  const stamp = (at: number): string => new Date(at).toISOString();
  const wave = (at: number): number => Math.sin((at / 86_400_000) * 2 * Math.PI);
  const parked = Array.from(
    { length: 56 * 96 },
    (_, n) => `${stamp(start + n * 900_000)},bonn-bcp-parken-stadthaus,${Math.round(200 + 100 * wave(start + n * 900_000))}`,
  );
  writeFileSync(join(dir, 'parking_events.csv'), `${['timestamp_utc,place_id,free', ...parked].join('\n')}\n`);
  return dir;
};

test('--models tells what forecasts of a car park miss, beside persistence and the profile', async () => {
  const { code, out } = await octroi(['judge', '--models', '--data', measured(), '--json']);
  expect(code).toBe(0);
  const { models } = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as {
    models: { forecasts: { declared: boolean; capacity: number; horizons: Record<string, number>[] }[] };
  };
  const [lot] = models.forecasts;
  expect(lot).toMatchObject({ declared: true, capacity: 320 });
  expect(lot?.horizons.map(({ minutes }) => minutes)).toEqual([30, 60, 180]);
  for (const { forecast = 1, persistence = 0 } of lot?.horizons ?? []) expect(forecast).toBeLessThan(0.5 * persistence);
});

test('--models of a folder that no profile knows is refused in one line', async () => {
  const { code, err } = await octroi(['judge', '--models', '--data', folder()]);
  expect([code, err.trimEnd().split('\n').length]).toEqual([2, 1]);
  expect(err).toMatch(/^octroi: bad-request: no file that an import profile knows/);
});

test('a folder of another kind is refused in one line', async () => {
  const { code, err } = await octroi(['judge', '--nab', folder()]);
  expect([code, err.trimEnd().split('\n').length]).toEqual([1, 1]);
  expect(err).toMatch(/^octroi: nab-invalid: no windows\.json/);
});

test('--roofs holds made solar plants against one another', async () => {
  const { code, out } = await octroi(['judge', '--roofs', '1', '--json']);
  expect(code).toBe(0);
  const { roofs } = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as {
    roofs: { plants: number; faults: { tried: number; byPeers: { value: number } }[] };
  };
  expect(roofs.plants).toBe(10);
  expect(roofs.faults.map(({ tried }) => tried)).toEqual([2, 2, 2, 2]);
  expect(roofs.faults[1]?.byPeers.value).toBe(1);
});

test('--roofs of no town is refused', async () => {
  const { code, err } = await octroi(['judge', '--roofs', 'none']);
  expect([code, err]).toEqual([2, expect.stringContaining('"none" is not a number above 0, up to 200 (--roofs)')]);
});
