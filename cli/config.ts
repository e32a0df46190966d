/** `octroi config`: every setting, its value and where it came from. */
import type { Command } from 'commander';
import { configSchema, environmentName, resolveConfig, secretSettings, unknownVariables } from '../config.ts';
import { dataCommand, print } from './options.ts';

const shown = (value: unknown): string => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '–'));

export const configCommand = (): Command =>
  dataCommand('config', 'list every setting, its value and where it came from').action(({ json, data }) => {
    const { config, sources } = resolveConfig({ data }, process.env);
    const settings = Object.entries(configSchema.shape).map(([name, schema]) => ({
      name,
      value: secretSettings.has(name) && config[name as keyof typeof config] !== undefined ? '(set)' : (config[name as keyof typeof config] ?? null),
      from: sources[name as keyof typeof sources],
      environment: environmentName(name),
      meaning: schema.description ?? '',
    }));
    const unknown = unknownVariables(process.env);
    print(json, { settings, unknown }, () =>
      [
        ...settings.map((row) => `${row.environment.padEnd(26)} ${shown(row.value).padEnd(12)} ${row.from.padEnd(12)} ${row.meaning}`),
        ...unknown.map((name) => `${name} is no setting, and is not heeded`),
      ].join('\n'),
    );
  });
