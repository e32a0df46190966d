/** The command line as the sources have it: the lines of the registry in `cli/octroi.ts`, and what each command takes. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';

export const root = resolve(import.meta.dirname, '..');
export const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

export interface Line {
  readonly name: string;
  readonly file: string;
  readonly factory: string;
}

export const lines: readonly Line[] = [...read('cli', 'octroi.ts').matchAll(/^ {2}(\w+): async \(\) => \(await import\('\.\/(.+)'\)\)\.(\w+)\(\),$/gm)].map(
  ([, name = '', file = '', factory = '']) => ({ name, file, factory }),
);

export const commandOf = async ({ file, factory }: Line): Promise<Command> =>
  ((await import(join(root, 'cli', file))) as Record<string, () => Command>)[factory]?.() as Command;

export const optionsOf = (command: Command): string[] => [...command.options.map(({ long }) => long ?? ''), ...command.commands.flatMap(optionsOf)];

/** What is wrong with `octroi a b --c`, in words; null where there is such a command with such options. */
export const faultOf = async (words: readonly string[]): Promise<string | null> => {
  const line = lines.find(({ name }) => name === words[0]);
  if (line === undefined) return `no command ${words[0]}`;
  let command = await commandOf(line);
  let place = 1;
  for (; command.commands.length > 0; place++) {
    const next = command.commands.find((one) => one.name() === words[place]);
    if (next === undefined) return `${command.name()} has no ${words[place]}`;
    command = next;
  }
  const missing = words.slice(place).find((word) => word.startsWith('--') && !command.options.some(({ long }) => long === word));
  return missing === undefined ? null : `${command.name()} has no ${missing}`;
};
