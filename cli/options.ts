/** What the commands share: settings from options and environment, and how a result is printed. */
import { Command, Option } from 'commander';
import { type Config, resolveConfig } from '../config.ts';

/** Adds `--data` and `--json`. */
export const dataCommand = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .option('--data <dir>', 'data folder (OCTROI_DATA, default data)')
    .addOption(new Option('--json', 'print one JSON object as the last line'));

export const configOf = (options: Partial<Record<keyof Config, unknown>>): Config => resolveConfig(pick(options), process.env).config;

/** Options that are settings; others, such as `--json`, are the command's own. */
const pick = (options: Record<string, unknown>): Partial<Record<keyof Config, unknown>> => {
  const { json: _json, ...settings } = options;
  return settings;
};

/** Prints a result: as one line of JSON, or as a person reads it. */
export const print = (json: boolean | undefined, result: unknown, text: () => string): void => {
  console.log(json === true ? JSON.stringify(result) : text());
};
