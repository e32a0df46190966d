/** The command line: one file a command, one line here for each. Exit codes: 0 done, 1 failed, 2 wrong use. */
import { Command, CommanderError } from 'commander';
import { FailureError } from '../core/failure.ts';
import { octroiVersion } from './version.ts';

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

const program = new Command('octroi').description("A town's telemetry gate.").version(octroiVersion).exitOverride();
const [asked, word] = process.argv.slice(2);
const loaded = asked !== undefined && Object.hasOwn(commands, asked) ? [asked] : Object.keys(commands);
for (const command of await Promise.all(loaded.map((name) => commands[name]?.()))) if (command !== undefined) program.addCommand(command);
program.showHelpAfterError('(octroi help lists the commands and their options)');
const speakAlike = (command: Command, name: string): void => {
  command.exitOverride().showHelpAfterError(`(octroi ${name} --help lists its options)`);
  for (const one of command.commands) speakAlike(one, `${name} ${one.name()}`);
};
for (const command of program.commands) speakAlike(command, command.name());

/** Refuses a word that is no command where one belongs: commander hands it to the default command as an argument, or does not say what there is. */
const requireCommand = (word: string | undefined, names: readonly string[], path = ''): void => {
  if (word === undefined || word.startsWith('-') || word === 'help' || names.includes(word) || names.length === 0) return;
  const message = `octroi: unknown command '${path}${word}'; known: ${names.join(', ')}`;
  console.error(message);
  throw new CommanderError(2, 'octroi.unknownCommand', message);
};

/** Codes of failures that come from how a command was used. */
const wrongUse = new Set(['bad-setting', 'bad-request', 'profile-invalid', 'no-profile', 'rules-invalid', 'not-loopback']);

try {
  requireCommand(asked, Object.keys(commands));
  const subcommands = program.commands.find((command) => command.name() === asked)?.commands.map((command) => command.name());
  requireCommand(word, subcommands ?? [], `${asked} `);
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
