/** `octroi judge`: the pipeline's detectors on known faults (`judging/faults.ts`), and the general detector on labelled series, scored as the benchmark scores, beside what it earns on files that its threshold was not chosen on. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { fail } from '../core/failure.ts';
import { earningsOf, type NabScore, nabScore, nabScoreAt, type Profile, profiles } from '../judge/nab.ts';
import { type NabFile, nabFiles } from '../judge/nab-files.ts';
import { noveltyState, updateNovelty } from '../judge/novelty.ts';
import { scoresOf } from '../judge/online.ts';
import { type HeldOut, splitHalf } from '../judge/split-half.ts';
import { datasetsBeside, faultsText, judgeFaults, keepFigures } from './judging/faults.ts';
import { judgeModels, modelsText } from './judging/models.ts';
import { judgeRoofs, roofsText } from './judging/roofs.ts';
import { someIn } from './judging/series.ts';
import { positive, print } from './options.ts';

/** Where the benchmark is looked for: beside the project. */
const besideProject = resolve(import.meta.dirname, '../../shared/nab');

const splits = 50;
const seed = 20261122;
/** The score from which the detector means an alarm. */
const ownLimit = 0.5;

interface Line {
  readonly profile: Profile['name'];
  readonly score: NabScore;
  readonly heldOut: HeldOut | null;
  /** At the detector's own limit, as it runs in life: no threshold was chosen. */
  readonly own: NabScore;
}

const folderOf = (asked: string | undefined): string => {
  if (asked !== undefined) return asked;
  if (existsSync(besideProject)) return besideProject;
  throw fail('bad-request', 'no folder with labelled series beside the project (../shared/nab): name one that holds windows.json and data/', '--nab');
};

const detector = (): ((at: number, value: number) => number) => {
  const state = noveltyState();
  return (at, value) => updateNovelty(state, at, value).score;
};

const linesOf = (files: readonly NabFile[]): Line[] => {
  const scored = files.map((file) => ({ scores: scoresOf(detector, file), windows: file.windows }));
  return profiles.map((profile) => {
    const earnings = scored.map((file) => earningsOf(file, profile));
    return {
      profile: profile.name,
      score: nabScore(earnings, profile),
      heldOut: splitHalf(earnings, profile, splits, seed),
      own: nabScoreAt(earnings, profile, ownLimit),
    };
  });
};

const rounded = (figure: number): number => Number(figure.toFixed(3));

const byProfile = <T>(lines: readonly Line[], tell: (line: Line) => T): Record<string, T> =>
  Object.fromEntries(lines.map((line) => [line.profile, tell(line)]));

const jsonOf = (files: readonly NabFile[], lines: readonly Line[]) => ({
  nab: byProfile(lines, ({ score }) => rounded(score.score)),
  held_out: byProfile(lines, ({ heldOut }) => heldOut && { mean: rounded(heldOut.mean), p10: rounded(heldOut.low), p90: rounded(heldOut.high) }),
  own_limit: byProfile(lines, ({ own }) => rounded(own.score)),
  found: byProfile(lines, ({ score }) => ({ windows_found: score.windowsFound, false_rows: score.falseRows })),
  files: files.length,
  rows: files.reduce((sum, { values }) => sum + values.length, 0),
  windows: lines[0]?.score.windows ?? 0,
});

const cellsOf = ({ profile, score, heldOut, own }: Line): string[] => [
  profile,
  score.score.toFixed(1),
  `${score.windowsFound} of ${score.windows}`,
  String(score.falseRows),
  own.score.toFixed(1),
  heldOut === null ? 'too few files' : `${heldOut.mean.toFixed(1)} (${heldOut.low.toFixed(1)} to ${heldOut.high.toFixed(1)})`,
];

const report = (files: readonly NabFile[], lines: readonly Line[]): string => {
  const table = [['profile', 'score', 'windows found', 'false rows', 'own limit', 'held out (10 to 90 %)'], ...lines.map(cellsOf)];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return [
    ...table.map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
    `${files.length} files; one setting, strictly online. The score's threshold is chosen on these files. Own limit: none is chosen.`,
    `Held out: chosen on one half of the files, scored on the other, ${splits} seeded splits both ways.`,
    'The settings of the detector were found on the 31 development files; there they are not held out.',
  ].join('\n');
};

interface Asked {
  readonly nab?: string;
  readonly json?: boolean;
  readonly faults?: boolean;
  readonly models?: boolean;
  /** How many towns; true: as many as are made unasked. */
  readonly roofs?: number | true;
  readonly data?: string;
  readonly out?: string;
}

/** Towns that are made unasked, and at the most. */
const townsMade = 20;
const townsMax = 200;

export const judgeCommand = (): Command =>
  new Command('judge')
    .description("score the general detector on labelled series, in the layout of the Numenta Anomaly Benchmark; or the pipeline's detectors on known faults")
    .option('--nab <dir>', 'folder with windows.json and data/ (default ../shared/nab beside the project)')
    .option('--faults', 'put known faults into real series instead, and count which the detectors of the pipeline find')
    .option('--models', 'hold what is expected of buildings, and forecasts of car parks, against what came')
    .option('--roofs [towns]', 'hold made solar plants against one another, ten a town (default 20 towns)', (text) =>
      Math.ceil(positive(text, townsMax, '--roofs')),
    )
    .option('--data <dir>', 'with --faults or --models: folder of CSV files that import profiles know (default ../shared/datasets beside the project)')
    .option('--out <file>', 'with --faults, --models or --roofs: keep the figures as JSON')
    .addOption(new Option('--json', 'print one JSON object as the last line'))
    .action(async ({ nab, json, faults, models, roofs, data, out }: Asked) => {
      if (roofs !== undefined) {
        const judged = judgeRoofs(roofs === true ? townsMade : roofs);
        if (out !== undefined) keepFigures(judged, out);
        print(json, { roofs: judged }, () => roofsText(judged));
        return;
      }
      if (models === true) {
        const judged = judgeModels((await someIn(data ?? datasetsBeside)).series);
        if (out !== undefined) keepFigures(judged, out);
        print(json, { models: judged }, () => modelsText(judged));
        return;
      }
      if (faults === true || data !== undefined) {
        const judged = await judgeFaults(data ?? datasetsBeside);
        if (out !== undefined) keepFigures(judged, out);
        print(json, { faults: judged }, () => faultsText(judged));
        return;
      }
      const files = nabFiles(folderOf(nab));
      const lines = linesOf(files);
      print(json, jsonOf(files, lines), () => report(files, lines));
    });
