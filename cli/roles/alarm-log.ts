/** The alarm log as those see it who write it: plants what they judged and told, gates and pages what people answered. What comes of it is left to the alarm stage. */
import type { Config } from '../../config.ts';
import type { AlarmAction, Relayed } from '../../core/alarm.ts';
import type { Command, Judged } from '../../core/envelope.ts';
import { fail } from '../../core/failure.ts';
import type { LogWriter } from '../../core/log.ts';
import { commandDraft, durably, ownDraft } from '../own-draft.ts';
import { openAlarmLog } from '../parts/kafka.ts';

/** Judgements of one envelope of the alarm log at the most: a silent town is many of some hundred bytes. */
const judgementsMax = 500;

/** Notes that an alarm was told. */
export const noteTold = (log: LogWriter, told: Omit<Extract<Command, { action: 'told' }>, 'action'>): Promise<number> =>
  durably(log, commandDraft({ action: 'told', ...told }));

/** Writes down what a person did about an alarm. @throws FailureError `unavailable` while the log takes nothing: a page does not wait as long */
export const answer = async (log: LogWriter, alarm: AlarmAction): Promise<number> => {
  if (log.trouble !== null) throw fail('unavailable', log.trouble);
  return durably(log, commandDraft({ action: 'alarm', alarm }));
};

/** What brings the judgements of one partition to the alarm stage. */
export interface AlarmRelay {
  tell(judgements: readonly Relayed[]): Promise<void>;
  close(): Promise<void>;
}

/** Opened with the first judgement: who takes a partition over does not wait for it. */
export const alarmRelay = (config: Config, partition: number): AlarmRelay => {
  let opened: Promise<LogWriter> | null = null;
  return {
    async tell(judgements) {
      opened ??= openAlarmLog(config);
      const log = await opened;
      for (let from = 0; from < judgements.length; from += judgementsMax) {
        const judged: Judged = { partition, judgements: judgements.slice(from, from + judgementsMax) };
        log.append(ownDraft('judged', JSON.stringify(judged)));
      }
      await log.flush();
    },
    async close() {
      await (await opened)?.close();
    },
  };
};
