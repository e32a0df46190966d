/** What the commands share: settings from options and environment, and how a result is printed. */
import { Command } from 'commander';
import { type Config, resolveConfig } from '../config.ts';
import { fail } from '../core/failure.ts';

/** A command that can answer as a program: with `--json`. */
export const plainCommand = (name: string, description: string): Command =>
  new Command(name).description(description).option('--json', 'print one JSON object as the last line');

/** A command on a data folder: with `--data` and `--json`. */
export const dataCommand = (name: string, description: string): Command =>
  plainCommand(name, description).option('--data <dir>', 'data folder (OCTROI_DATA, default data)');

export const configOf = (options: Partial<Record<keyof Config, unknown>>): Config => resolveConfig(pick(options), process.env).config;

/** Options that are settings; others, such as `--json`, are the command's own. */
const pick = (options: Record<string, unknown>): Partial<Record<keyof Config, unknown>> => {
  const { json: _json, ...settings } = options;
  return settings;
};

/** A number that was given as an option. @throws FailureError `bad-request` naming the option, unless it is above 0 and at most `max` */
export const positive = (text: string, max: number, option: string): number => {
  const value = Number(text);
  if (!(value > 0 && value <= max)) throw fail('bad-request', `${JSON.stringify(text)} is not a number above 0, up to ${max}`, option);
  return value;
};

/** Prints a result: as one line of JSON, or as a person reads it. */
export const print = (json: boolean | undefined, result: unknown, text: () => string): void => {
  console.log(json === true ? JSON.stringify(result) : text());
};
