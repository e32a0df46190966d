/** The command line agrees with its files and with the README: names and options, both ways. What a command does is left to the tests of its folder. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

interface Line {
  readonly name: string;
  readonly file: string;
  readonly factory: string;
}

/** The lines of the registry in `cli/octroi.ts`. */
const lines: readonly Line[] = [...read('cli', 'octroi.ts').matchAll(/^ {2}(\w+): async \(\) => \(await import\('\.\/(.+)'\)\)\.(\w+)\(\),$/gm)].map(
  ([, name = '', file = '', factory = '']) => ({ name, file, factory }),
);

const commandOf = async ({ file, factory }: Line): Promise<Command> =>
  ((await import(join(root, 'cli', file))) as Record<string, () => Command>)[factory]?.() as Command;

const optionsOf = (command: Command): string[] => [...command.options.map(({ long }) => long ?? ''), ...command.commands.flatMap(optionsOf)];

/** The commands of the README's table with the options that it names: `npx octroi a [--b]`, `c DIR`. */
const documented = (): Map<string, string[]> => {
  const found = new Map<string, string[]>();
  for (const [, cell = ''] of read('README.md').matchAll(/^\| (`npx octroi .+?`) \|/gm)) {
    for (const [, usage = ''] of cell.matchAll(/`(?:npx octroi )?([^`]+)`/g)) found.set(usage.split(' ')[0] ?? '', usage.match(/--[a-z-]+/g) ?? []);
  }
  return found;
};

test('every file with a command is in the registry under its name, and every line has its file', async () => {
  const inFiles = readdirSync(join(root, 'cli')).flatMap((file) =>
    [...read('cli', file).matchAll(/^export const (\w+Command) = \(\): Command/gm)].map(([, factory]) => `${file} ${factory}`),
  );
  expect(lines.map(({ file, factory }) => `${file} ${factory}`).sort()).toEqual(inFiles.sort());
  for (const line of lines) expect((await commandOf(line)).name()).toBe(line.name);
});

test('the README lists every command, and none that there is not', () => {
  expect([...documented().keys()].sort()).toEqual(lines.map(({ name }) => name).sort());
});

test('the options that the README names exist, and each command but start takes --json', async () => {
  const named = documented();
  for (const line of lines) {
    const options = optionsOf(await commandOf(line));
    expect(options).toEqual(expect.arrayContaining(named.get(line.name) ?? []));
    expect([line.name, options.includes('--json')]).toEqual([line.name, line.name !== 'start']);
  }
});
