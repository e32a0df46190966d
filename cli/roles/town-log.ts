/** The log as a gate among many writes it: the partitions of the town's log, and the alarm log beside them. */
import type { Config } from '../../config.ts';
import type { Command, Draft, RegistryChange } from '../../core/envelope.ts';
import type { LogWriter } from '../../core/log.ts';
import { ownDraft } from '../own-draft.ts';
import { openAlarmLog, openAllPartitions } from '../parts/kafka.ts';

const isAnswer = ({ kind, payload }: Draft): boolean => kind === 'command' && (JSON.parse(Buffer.from(payload).toString('utf8')) as Command).action === 'alarm';

/** Both logs as one. */
class TownLog implements LogWriter {
  readonly #partitions: LogWriter;
  readonly #alarms: LogWriter;

  constructor(partitions: LogWriter, alarms: LogWriter) {
    this.#partitions = partitions;
    this.#alarms = alarms;
  }

  /** It tells how much there is, no position. */
  get durableEnd(): number {
    return this.#partitions.durableEnd + this.#alarms.durableEnd;
  }

  get held(): LogWriter['held'] {
    const [one, other] = [this.#partitions.held, this.#alarms.held];
    return { envelopes: one.envelopes + other.envelopes, bytes: one.bytes + other.bytes };
  }

  get trouble(): string | null {
    return this.#partitions.trouble ?? this.#alarms.trouble;
  }

  /** As `PartitionedWriter.append`; an answer to an alarm goes to the alarm log alone. */
  append(draft: Draft, settled?: (offset: number) => void): void {
    if (isAnswer(draft)) this.#alarms.append(draft, settled);
    // A device is known to the alarm stage before anything of it is judged.
    else if (draft.kind === 'registry') this.#alarms.append(draft, () => this.#partitions.append(draft, settled));
    else {
      // While the alarm log takes none, the tick that waits in it is enough.
      if (draft.kind === 'tick' && this.#alarms.held.envelopes === 0) this.#alarms.append(draft);
      this.#partitions.append(draft, settled);
    }
  }

  async flush(): Promise<void> {
    await Promise.all([this.#partitions.flush(), this.#alarms.flush()]);
  }

  onDurable(listener: (end: number) => void): void {
    for (const one of [this.#partitions, this.#alarms]) one.onDurable(() => listener(this.durableEnd));
  }

  async close(): Promise<void> {
    await Promise.all([this.#partitions.close(), this.#alarms.close()]);
  }
}

/**
 * @param standing what holds of the town: an alarm log that is new, below a town that is not, is told it first
 * @returns the writer; rejects as `openKafkaWriter`
 */
export const openTownLog = async (config: Config, standing: readonly RegistryChange[]): Promise<LogWriter> => {
  const partitions = await openAllPartitions(config);
  const alarms = await openAlarmLog(config).catch(async (error: unknown) => {
    await partitions.close();
    throw error;
  });
  if (alarms.durableEnd === 0) for (const change of standing) alarms.append(ownDraft('registry', JSON.stringify(change)));
  return new TownLog(partitions, alarms);
};
