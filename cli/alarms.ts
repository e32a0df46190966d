/** `octroi alarms`: what is open, and what a person does about it. */
import { Command, Option } from 'commander';
import { type Alarm, type AlarmAction, alarmActionSchema, alarmLabels, shelveMinutesMax } from '../core/alarm.ts';
import { FailureError, fail } from '../core/failure.ts';
import type { Page } from '../core/store.ts';
import type { Views } from '../core/views.ts';
import { actOn } from '../dashboards/alarms.ts';
import { shownLabel } from '../dashboards/api/labels.ts';
import { counted } from './counted.ts';
import { configOf, dataCommand, positive, print } from './options.ts';
import { inWorkshop } from './workshop.ts';

const shownMax = 1_000;

const ofAlarm = (anomalies: number, lasting: number): string =>
  lasting === 0
    ? `${anomalies} anomalies, all over.`
    : `${anomalies} anomalies, ${lasting === anomalies ? 'all of which' : `of which ${lasting}`} still ${lasting === 1 ? 'lasts' : 'last'}.`;

const lineOf = ({ id, priority, state, since, anomalies, lasting, shelved, reason }: Alarm): string =>
  [
    `${priority.padEnd(6)} ${(shelved === null ? state : 'shelved').padEnd(12)} since ${new Date(since).toISOString()}  ${id}`,
    `       ${reason.en}${anomalies > 1 ? ` ${ofAlarm(anomalies, lasting)}` : ''}`,
  ].join('\n');

const list = (): Command =>
  dataCommand('list', 'print the alarms that are open, newest first').action(async ({ json, ...options }) => {
    const found = await inWorkshop(configOf(options), async ({ views }) => ({
      ...(await views.alarms({ open: true, limit: shownMax })),
      exceptions: await views.alarmExceptions(),
    }));
    const { rows: alarms, exceptions, next } = found;
    print(json, { alarms, exceptions, more: next !== null }, () =>
      [
        ...(alarms.length === 0 ? ['no alarm is open'] : alarms.map(lineOf)),
        ...exceptions.map(({ cause, by, held }) => `known  ${cause}, by ${by}: ${counted(held, 'anomaly', 'anomalies')} raised no alarm`),
      ].join('\n'),
    );
  });

/** Alarms of all pages that somebody gave a verdict on. */
const labelled = async ({ alarms }: Pick<Views, 'alarms'>): Promise<Alarm[]> => {
  const found: Alarm[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page: Page<Alarm> = await alarms({ labelled: true, limit: shownMax, ...(after === undefined ? {} : { after }) });
    found.push(...page.rows);
    after = page.next;
  }
  return found;
};

const labels = (): Command =>
  dataCommand('labels', 'print the verdicts that people gave on alarms, of the newest alarm first').action(async ({ json, ...options }) => {
    const found = (await inWorkshop(configOf(options), ({ views }) => labelled({ alarms: (query) => views.alarms(query) }))).flatMap(shownLabel);
    print(json, { labels: found }, () =>
      found.length === 0
        ? 'nobody has given a verdict'
        : found.map((one) => `${one.verdict.padEnd(6)} ${one.alarm}\n       by ${one.by}, ${one.at}${one.comment === '' ? '' : `: ${one.comment}`}`).join('\n'),
    );
  });

/** @throws FailureError `bad-request` naming the option */
const actionOf = (given: Record<string, unknown>): AlarmAction => {
  const read = alarmActionSchema.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw fail('bad-request', issue?.message ?? 'not an action', `--${issue?.path.join('.')}`);
};

/** A command that answers one alarm. @param target what its argument is called in the action */
const answer = (what: AlarmAction['do'], description: string, target: 'alarm' | 'cause' = 'alarm'): Command =>
  dataCommand(what, description)
    .argument(`<${target}>`)
    .requiredOption('--by <name>', 'who answers')
    .option('--comment <text>', 'kept with the answer')
    .action(async (name: string, { json, data, by, comment, ...more }) => {
      const action = actionOf({ do: what, [target]: name, by, ...(comment === undefined ? {} : { comment }), ...more });
      const offset = await inWorkshop(configOf({ data }), async ({ views, append }) => {
        const act = async (one: AlarmAction): Promise<number> =>
          (await append([{ kind: 'command', subject: '', payload: JSON.stringify({ action: 'alarm', alarm: one }) }])) - 1;
        try {
          return await actOn({ alarm: (id) => views.alarm(id), alarmExceptions: () => views.alarmExceptions(), act }, action);
        } catch (error) {
          // A gate among many knows no alarms: it writes the answer down, and the alarm stage heeds it.
          if (error instanceof FailureError && error.failure.code === 'unavailable') return act(action);
          throw error;
        }
      });
      print(json, { offset }, () => `noted at position ${offset}`);
    });

export const alarmsCommand = (): Command =>
  new Command('alarms')
    .description('list the alarms that are open, and answer them')
    .addCommand(list(), { isDefault: true })
    .addCommand(answer('acknowledge', 'say that somebody sees to it'))
    .addCommand(
      answer('shelve', 'put it aside for a time').requiredOption('--minutes <n>', 'for how long', (text) => positive(text, shelveMinutesMax, '--minutes')),
    )
    .addCommand(answer('unshelve', 'put it back on the list'))
    .addCommand(
      answer('label', 'say what you think of it').addOption(
        new Option('--verdict <verdict>', 'known: then its cause raises no alarm any more').choices(alarmLabels).makeOptionMandatory(),
      ),
    )
    .addCommand(labels())
    .addCommand(answer('end-exception', 'let a cause that was known raise alarms again', 'cause'));
