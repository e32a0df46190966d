/** The command line agrees with its files and with the README: names and options, both ways. What a command does is left to the tests of its folder. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandOf, lines, optionsOf, read, root } from './command-line.ts';

/** The commands of the README's table with the options that it names: `npx octroi a [--b]`, `c DIR`. */
const documented = (): Map<string, string[]> => {
  const found = new Map<string, string[]>();
  for (const [, cell = ''] of read('README.md').matchAll(/^\| (`npx octroi .+?`) \|/gm)) {
    for (const [, usage = ''] of cell.matchAll(/`(?:npx octroi )?([^`]+)`/g)) found.set(usage.split(' ')[0] ?? '', usage.match(/--[a-z-]+/g) ?? []);
  }
  return found;
};

test('every file with a command is in the registry under its name, and every line has its file', async () => {
  const inFiles = readdirSync(join(root, 'cli'))
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...read('cli', file).matchAll(/^export const (\w+Command) = \(\): Command/gm)].map(([, factory]) => `${file} ${factory}`));
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
