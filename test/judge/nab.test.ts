/** The benchmark's scorer: literal cases, and the published figures of three detectors where their files are there. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { nabScore as bestOf, earningsOf, type NabScore, type Profile, profiles, type Scored, nabScoreAt as scoreAt } from '../../judge/nab.ts';
import { nabFiles } from '../../judge/nab-files.ts';

const [standard, lowFalse, lowMissed] = profiles as [Profile, Profile, Profile];

/** 200 rows, of which 30 are not judged; the window is [100, 109]. */
const file = (said: Readonly<Record<number, number>>, windows: Scored['windows'] = [[100, 109]]): Scored => ({
  scores: Array.from({ length: 200 }, (_, row) => said[row] ?? 0),
  windows,
});

const nabScore = (files: Scored[], profile: Profile): NabScore =>
  bestOf(
    files.map((one) => earningsOf(one, profile)),
    profile,
  );

const nabScoreAt = (files: Scored[], profile: Profile, threshold: number): NabScore =>
  scoreAt(
    files.map((one) => earningsOf(one, profile)),
    profile,
    threshold,
  );

const scores = (...files: Scored[]): number[] => profiles.map((profile) => nabScore(files, profile).score);

test('a window found at its first row is all there is to earn', () => {
  for (const score of scores(file({ 100: 1 }))) expect(score).toBeCloseTo(100, 9);
  expect(nabScore([file({ 100: 1, 104: 1 })], standard)).toMatchObject({ threshold: 1, windowsFound: 1, windows: 1, falseRows: 0 });
});

test('nothing said earns nothing', () => {
  for (const profile of profiles) expect(nabScore([file({})], profile)).toEqual({ score: 0, threshold: Infinity, windowsFound: 0, windows: 1, falseRows: 0 });
});

test('later in the window earns less, and only the earliest row counts', () => {
  // S(x) = 2/(1 + e^(5x)) − 1; row 105 stands at −5/10.
  const late = (2 / (1 + Math.exp(-2.5)) - 1) / (2 / (1 + Math.exp(-5)) - 1);
  expect(nabScore([file({ 105: 1, 109: 1 })], standard).score).toBeCloseTo(50 * (1 + late), 9);
  expect(nabScore([file({ 105: 1 })], lowMissed).score).toBeCloseTo((100 * (late + 2)) / 3, 9);
});

test('a false alarm costs: all before a window and three widths behind one, less right behind it', () => {
  expect(nabScore([file({ 50: 1, 100: 1 })], standard).score).toBeCloseTo(100 - 5.5, 9);
  expect(nabScore([file({ 50: 1, 100: 1 })], lowFalse).score).toBeCloseTo(100 - 11, 9);
  expect(nabScore([file({ 100: 1, 136: 1 })], standard).score).toBeCloseTo(100 - 5.5, 9);
  expect(nabScore([file({ 100: 1, 130: 1 })], standard).score).toBeCloseTo(100 + 5.5 * (2 / (1 + Math.exp((5 * 21) / 9)) - 1), 9);
  expect(nabScore([file({ 100: 1, 110: 1 })], standard).score).toBeCloseTo(100 + 5.5 * (2 / (1 + Math.exp(5 / 9)) - 1), 9);
  // 20 of them cost more than the window is worth: then silence is best, and said at that threshold it is below nothing.
  const noisy = file(Object.fromEntries([100, ...Array.from({ length: 20 }, (_, i) => 40 + i)].map((row) => [row, 1])));
  expect(nabScore([noisy], standard)).toMatchObject({ score: 0, threshold: Infinity });
  expect(nabScoreAt([noisy], standard, 1)).toMatchObject({ falseRows: 20, windowsFound: 1 });
  expect(nabScoreAt([noisy], standard, 1).score).toBeCloseTo(100 - 20 * 5.5, 9);
});

test('the first rows are not judged, in windows neither', () => {
  for (const score of scores(file({ 3: 1, 29: 1, 100: 1 }))) expect(score).toBeCloseTo(100, 9);
  expect(
    nabScore(
      [
        file({ 25: 1, 100: 1 }, [
          [20, 28],
          [100, 109],
        ]),
      ],
      standard,
    ),
  ).toMatchObject({ windows: 1, falseRows: 0 });
  expect(nabScore([file({ 25: 1 }, [[20, 40]])], standard)).toMatchObject({ windows: 1, windowsFound: 0 });
});

test('one threshold serves all files: what one gains by a low one another pays for', () => {
  const quiet = file({ 60: 0.4, 100: 0.9 });
  const faint = file({ 100: 0.4 });
  expect(nabScore([quiet, faint], standard)).toMatchObject({ threshold: 0.4, windowsFound: 2, falseRows: 1 });
  expect(nabScore([quiet], standard)).toMatchObject({ threshold: 0.9, falseRows: 0 });
  expect(nabScore([file({ 100: 1 }, [])], standard)).toMatchObject({ score: 0, windows: 0 });
});

const nab = resolve(import.meta.dirname, '../../../shared/nab');

/** As published for these 31 files: standard, low FP, low FN. */
const published: Readonly<Record<string, readonly number[]>> = {
  windowedGaussian: [36.71, 21.398, 45.173],
  contextOSE: [74.054, 71.656, 76.855],
  numenta: [71.205, 64.986, 75.865],
};

test.skipIf(!existsSync(nab))("the published detectors' own outputs give their figures (needs ../shared/nab)", () => {
  const files = nabFiles(nab);
  expect(files.length).toBe(31);
  for (const [detector, figures] of Object.entries(published)) {
    const lines = readFileSync(join(nab, 'results', `${detector}.jsonl`), 'utf8')
      .trim()
      .split('\n');
    const said = new Map(lines.map((line) => JSON.parse(line) as { file: string; scores: number[] }).map((row) => [row.file, row.scores]));
    const scored = files.map(({ file: name, windows }) => ({ scores: said.get(name) ?? [], windows }));
    expect([detector, ...profiles.map((profile) => Number(nabScore(scored, profile).score.toFixed(3)))]).toEqual([detector, ...figures]);
  }
});
