/** The command line: one file a command, one line here for each. Exit codes: 0 done, 1 failed, 2 wrong use. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { FailureError } from '../core/failure.ts';

/** Loaded when asked for: a command starts in half the time without the others. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).startCommand(),
  import: async () => (await import('./import.ts')).importCommand(),
  ledger: async () => (await import('./ledger.ts')).ledgerCommand(),
  replay: async () => (await import('./replay.ts')).replayCommand(),
  verify: async () => (await import('./verify.ts')).verifyCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  backup: async () => (await import('./backup.ts')).backupCommand(),
  restore: async () => (await import('./restore.ts')).restoreCommand(),
  rebuild: async () => (await import('./rebuild.ts')).rebuildCommand(),
  follow: async () => (await import('./follow.ts')).followCommand(),
  alarms: async () => (await import('./alarms.ts')).alarmsCommand(),
  town: async () => (await import('./town.ts')).townCommand(),
  simulate: async () => (await import('./simulate.ts')).simulateCommand(),
  bench: async () => (await import('./bench.ts')).benchCommand(),
  torture: async () => (await import('./torture.ts')).tortureCommand(),
  judge: async () => (await import('./judge.ts')).judgeCommand(),
  influx: async () => (await import('./influx.ts')).influxCommand(),
  kafka: async () => (await import('./kafka.ts')).kafkaCommand(),
  dashboards: async () => (await import('./dashboards.ts')).dashboardsCommand(),
  config: async () => (await import('./config.ts')).configCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
};

// What is written holds what was measured in homes: nobody but its owner reads it.
process.umask(0o077);

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('octroi').description("A town's telemetry gate.").version(version).exitOverride();
const asked = process.argv[2] ?? '';
const loaded = Object.hasOwn(commands, asked) ? [asked] : Object.keys(commands);
for (const command of await Promise.all(loaded.map((name) => commands[name]?.()))) if (command !== undefined) program.addCommand(command);
program.showHelpAfterError('(octroi help lists the commands and their options)');
const speakAlike = (command: Command, name: string): void => {
  command.exitOverride().showHelpAfterError(`(octroi ${name} --help lists its options)`);
  for (const one of command.commands) speakAlike(one, `${name} ${one.name()}`);
};
for (const command of program.commands) speakAlike(command, command.name());

/** Codes of failures that come from how a command was used. */
const wrongUse = new Set(['bad-setting', 'bad-request', 'profile-invalid', 'no-profile', 'rules-invalid', 'not-loopback']);

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
