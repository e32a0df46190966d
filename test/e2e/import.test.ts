/** `octroi import` into a folder that a gate uses: its figures are those of the files, once all of them is processed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folder, octroi, started } from './running.ts';

const quiet = { OCTROI_LOG_LEVEL: 'fatal' };
const profile = `name: hours
files: [hours.csv]
source: this test
time: { column: at, format: civil, zone: Europe/Paris, stamp: start }
stepMs: 3600000
devices: [{ id: school, type: submeter, intervalMs: 3600000 }]
columns: [{ column: kwh, device: school, quantity: active_energy }]
`;

test('a file that is taken again through a running gate is told as duplicates, each time', async () => {
  const at = folder();
  const [data, csv, profileFile] = [join(at, 'data'), join(at, 'hours.csv'), join(at, 'hours.yaml')];
  writeFileSync(profileFile, profile);
  const hours = Array.from({ length: 120 }, (_, n) => `2026-06-0${1 + Math.floor(n / 24)} ${String(n % 24).padStart(2, '0')}:00,${n}`);
  writeFileSync(csv, ['at,kwh', ...hours].join('\n'));
  const gate = await started(data, quiet);
  const take = async () => {
    const { code, out, err } = await octroi(['import', csv, '--profile', profileFile, '--data', data, '--json'], quiet);
    expect([code, err]).toEqual([0, '']);
    return JSON.parse(out);
  };
  expect(await take()).toMatchObject({ rows: 120, stored: 120, duplicate: 0, corrected: 0, deadLetter: 0, others: 0 });
  for (let i = 0; i < 3; i++) expect(await take()).toMatchObject({ rows: 120, stored: 0, duplicate: 120, corrected: 0, deadLetter: 0, others: 0 });
  await gate.stop();

  writeFileSync(csv, 'at,kwh\nnever,1\n');
  const { code, out } = await octroi(['import', csv, '--profile', profileFile, '--data', data], quiet);
  expect(out).toContain('first refused: hours.csv:2: "never" is not YYYY-MM-DD HH:MM[:SS]; all of them');
  expect(code).toBe(1);
});
