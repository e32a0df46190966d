/** The command line: one file a command, one line here for each. Exit codes: 0 done, 1 failed, 2 wrong use. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { FailureError } from '../core/failure.ts';
import { backupCommand } from './backup.ts';
import { benchCommand } from './bench.ts';
import { configCommand } from './config.ts';
import { doctorCommand } from './doctor.ts';
import { explainCommand } from './explain.ts';
import { followCommand } from './follow.ts';
import { importCommand } from './import.ts';
import { ledgerCommand } from './ledger.ts';
import { rebuildCommand } from './rebuild.ts';
import { replayCommand } from './replay.ts';
import { restoreCommand } from './restore.ts';
import { simulateCommand } from './simulate.ts';
import { startCommand } from './start.ts';
import { tortureCommand } from './torture.ts';
import { townCommand } from './town.ts';
import { verifyCommand } from './verify.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('octroi')
  .description("A town's telemetry gate.")
  .version(version)
  .exitOverride()
  .addCommand(startCommand())
  .addCommand(importCommand())
  .addCommand(ledgerCommand())
  .addCommand(replayCommand())
  .addCommand(verifyCommand())
  .addCommand(explainCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addCommand(rebuildCommand())
  .addCommand(followCommand())
  .addCommand(townCommand())
  .addCommand(simulateCommand())
  .addCommand(benchCommand())
  .addCommand(tortureCommand())
  .addCommand(configCommand())
  .addCommand(doctorCommand());
program.showHelpAfterError('(octroi help lists the commands and their options)');
for (const command of program.commands) command.exitOverride().showHelpAfterError(`(octroi ${command.name()} --help lists its options)`);

/** Codes of failures that come from how a command was used. */
const wrongUse = new Set(['bad-setting', 'bad-request', 'profile-invalid', 'no-profile', 'not-loopback']);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof FailureError) {
    console.error(`octroi: ${error.message}`);
    process.exitCode = wrongUse.has(error.failure.code) ? 2 : 1;
  } else {
    console.error(error);
    process.exitCode = 1;
  }
}
