/** A data folder opened for a command: through the gate that uses it, else by itself, caught up with its log. */
import { resolve } from 'node:path';
import type { Config } from '../config.ts';
import type { Draft, RegistryChange } from '../core/envelope.ts';
import { FailureError, fail } from '../core/failure.ts';
import { townSchema } from '../core/town.ts';
import type { Status } from '../core/views.ts';
import { lockFolder } from '../log/lock.ts';
import { type Control, reachControl } from './control.ts';
import { askPlant, requireAdoptable, requireSamePast } from './gate/town.ts';
import { requireData } from './keep/data-folder.ts';
import { settledTown } from './keep/settled-town.ts';
import { keepTown, keptTown } from './keep/town-file.ts';
import { ownDraft } from './own-draft.ts';
import { openLog, openReader } from './parts/log.ts';
import { type PlantViews, startPlantThread } from './plant/thread.ts';
import { withProgress } from './progress-bar.ts';

export type Asked = Omit<PlantViews, 'status'>;

export interface Workshop {
  readonly views: Asked;
  /** Appends, and processes what was appended where no gate does. @returns the offset after it, once durable */
  append(drafts: Parameters<Control['append']>[0]): Promise<number>;
  change(change: RegistryChange): Promise<number>;
  /** Appends a tick where no gate does. */
  tick(): Promise<void>;
  /** Offset up to which the store stands. */
  position(): Promise<number>;
  /** How many durable envelopes are not in the figures, and the log time of what is, epoch ms. */
  behind(): Promise<{ readonly envelopes: number; readonly logTime: number }>;
  /** Resolves when all below `end` is processed and committed; without it, all that is in the log. */
  catchUp(end?: number): Promise<void>;
  close(): Promise<void>;
}

const remote = async (config: Config): Promise<Workshop | null> => {
  const client = await reachControl(config.data);
  if (client === null) return null;
  const asked = new Proxy({} as Asked, {
    get: (_, name) => (typeof name === 'string' && name !== 'then' ? (...args: unknown[]) => client.remote.view(name, args) : undefined),
  });
  const status = async (): Promise<Status> => (await client.remote.view('status', [])) as Status;
  const position = async (): Promise<number> => (await status()).position;
  return {
    views: asked,
    append: (drafts) => client.remote.append(drafts),
    change: (change) => client.remote.change(change),
    tick: async () => {},
    position,
    async behind() {
      const { position: at, logTime } = await status();
      return { envelopes: Math.max(0, (await client.remote.durableEnd()) - at), logTime };
    },
    async catchUp(end) {
      // The plant hears of the end a moment later than the gate.
      await asked.reached(end ?? (await client.remote.durableEnd()));
    },
    close: async () => client.close(),
  };
};

const local = async (config: Config): Promise<Workshop> => {
  const lock = await lockFolder(config.data);
  const log = await openLog(config);
  // No gate writes beside it: a command takes what room there is, or fails.
  const thread = startPlantThread({ ...config, diskReserveMb: 0 });
  const { views } = thread;
  const append = async (drafts: readonly Draft[]): Promise<number> => {
    for (const one of drafts) log.append(one);
    await log.flush();
    thread.tell(log.durableEnd);
    return log.durableEnd;
  };
  /** As the gate: where a change is cut short, the next start looks for it in the log from here on, or in all of it where there is no file. */
  const markChange = async (): Promise<void> => {
    const reader = openReader(config);
    const end = log.durableEnd;
    const { kept } = await settledTown(config.data, await keptTown(config.data), reader, end).finally(() => reader.close());
    if (kept !== null) await keepTown(config.data, { ...kept, changing: end });
  };
  const close = async (): Promise<void> => {
    thread.stop();
    await thread.ended;
    await log.close();
    await lock.release();
  };
  try {
    const from = await thread.ready;
    const end = log.durableEnd;
    thread.tell(end);
    await withProgress(async () => {
      const { position } = await views.status();
      return [(position - from) / Math.max(1, end - from), `catching up with the log: position ${position} of ${end}`];
    }, views.reached(end));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    views,
    append: (drafts) => append(drafts.map(({ kind, payload, subject }) => ownDraft(kind, payload, subject))),
    async change(change) {
      const [town, known] = await Promise.all([views.town(), askPlant(views)]);
      if (change.action === 'adopt') requireAdoptable(town, known.past, change.device);
      const next = change.action === 'apply' ? townSchema.parse(change.town) : null;
      if (next !== null) {
        requireSamePast(town, known, next);
        await markChange();
      }
      const end = await append([ownDraft('registry', JSON.stringify(change))]);
      if (next !== null) await keepTown(config.data, { town: next, at: end - 1, changing: null });
      await views.reached(end);
      return end - 1;
    },
    async tick() {
      const { qos0Dropped } = await views.ledger();
      await append([ownDraft('tick', JSON.stringify({ wall: Date.now(), qos0Dropped, held: 0, connections: 0, diskFreeBytes: -1 }))]);
    },
    position: async () => (await views.status()).position,
    // It is opened caught up.
    behind: async () => ({ envelopes: 0, logTime: (await views.status()).logTime }),
    catchUp: (end = log.durableEnd) => views.reached(end),
    close,
  };
};

/**
 * Opens a data folder.
 * @param create make it where there is none
 * @throws FailureError `no-data`, `data-in-use` (a process holds it that does not answer)
 */
export const openWorkshop = async (config: Config, create = false): Promise<Workshop> => {
  if (!create) requireData(config);
  return (await remote(config)) ?? local(config);
};

/** Opens a data folder for the time of one question. @throws FailureError; what is not found there names the folder */
export const inWorkshop = async <T>(config: Config, ask: (workshop: Workshop) => Promise<T>): Promise<T> => {
  const workshop = await openWorkshop(config);
  try {
    return await ask(workshop);
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.code !== 'not-found') throw error;
    throw fail('not-found', error.failure.message, `in ${resolve(config.data)}`);
  } finally {
    await workshop.close();
  }
};
