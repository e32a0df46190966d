/** `octroi torture`: kills, cuts and starves a gate of its own from a seed, and says which promises held. The rows are in `torture/`. */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import type { Command } from 'commander';
import { fail } from '../core/failure.ts';
import type { Outcome } from '../torture/harness.ts';
import type { Row } from '../torture/row.ts';
import { plainCommand, print } from './options.ts';

interface Options {
  readonly row?: string;
  readonly trials?: string;
  readonly seed?: string;
  readonly full?: boolean;
  readonly controls?: boolean;
  readonly json?: boolean;
  readonly report?: string;
}

const whole = (text: string, option: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw fail('bad-request', `${JSON.stringify(text)} is not a whole number above 0`, option);
  return value;
};

const chosen = (rows: readonly Row[], name: string | undefined): readonly Row[] => {
  const found = rows.filter((row) => name === undefined || row.name === name);
  if (found.length === 0) throw fail('bad-request', `there is no row ${name}; there are ${rows.map((row) => row.name).join(', ')}`, '--row');
  return found;
};

/** A control that finds nothing is a defect of the harness, and said as one. */
const textOf = ({ row, control, verdict, reason, trials, seconds, figures, faults, again }: Outcome): string => {
  const said = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  const head = `${verdict === 'broken' ? 'BROKEN ' : verdict.padEnd(7)} ${row}${control ? ' (known-bad setting)' : ''}  ${trials} trials, ${seconds} s  ${said.join(', ')}`;
  const why =
    verdict === 'skipped' ? [`  ${reason}`] : control && verdict === 'broken' ? ['  the known-bad setting was not noticed: a defect of the harness'] : [];
  return [head, ...why, ...faults.slice(0, 10).map((fault) => `  ${fault}`), ...(verdict === 'broken' ? [`  again: ${again}`] : [])].join('\n');
};

const torture = async ({ row: name, trials, seed: given, full = false, controls = false, json, report }: Options): Promise<void> => {
  const [{ runRow }, { rows }] = await Promise.all([import('../torture/harness.ts'), import('../torture/registry.ts')]);
  const seed = given === undefined ? Date.now() % 1_000_000 : whole(given, '--seed');
  const outcomes: Outcome[] = [];
  const plan = { seed, full, ...(trials === undefined ? {} : { trials: whole(trials, '--trials') }) };
  for (const row of chosen(rows, name)) {
    for (const bad of controls ? [false, true] : [false]) {
      const outcome = await runRow(row, { ...plan, bad, say: (text) => process.stderr.write(`${row.name}: ${text}\n`) });
      outcomes.push(outcome);
      if (json !== true) console.log(textOf(outcome));
    }
  }
  const broken = outcomes.filter(({ verdict }) => verdict === 'broken').length;
  const machine = { cores: availableParallelism(), cpu: cpus()[0]?.model ?? '', node: process.version };
  const result = { seed, full, broken, machine, rows: outcomes };
  if (report !== undefined) writeFileSync(report, `${JSON.stringify({ at: new Date().toISOString(), ...result }, null, 2)}\n`);
  print(json, result, () => (broken === 0 ? `all held (seed ${seed})` : `${broken} BROKEN (seed ${seed})`));
  if (broken > 0) process.exitCode = 1;
};

export const tortureCommand = (): Command =>
  plainCommand('torture', 'kill, cut and starve a gate of its own, and hold it to its promises; nothing outside temporary folders is touched')
    .option('--row <name>', 'one row; default all')
    .option('--trials <n>', 'faults to make; default those of the row')
    .option('--seed <n>', 'default by the clock; a failing run prints it')
    .option('--full', 'the trials and times that the promises name: hours')
    .option('--controls', 'also with the known-bad setting of each row, which must be noticed')
    .option('--report <file>', 'write all that was found, as JSON')
    .action(torture);
