/** `octroi verify`: every pane recomputed from the stored readings by separate SQL. */
import type { Command } from 'commander';
import { configOf, dataCommand, print } from './options.ts';
import { inWorkshop } from './workshop.ts';

export const verifyCommand = (): Command =>
  dataCommand('verify', 'recompute every pane from the stored readings, by other means, and compare').action(async ({ json, ...options }) => {
    const result = await inWorkshop(configOf(options), ({ views }) => views.verify());
    print(json, result, () => {
      const examples = result.examples.map((example) => `  ${JSON.stringify(example)}`);
      return [`compared ${result.compared}, different ${result.different}`, ...examples].join('\n');
    });
    if (result.different > 0) process.exitCode = 1;
  });
