/** A data folder opened for a command: through the gate that uses it, else by itself, caught up with its log. */
import type { Config } from '../config.ts';
import type { Draft, RegistryChange } from '../core/envelope.ts';
import type { Views } from '../core/views.ts';
import { lockFolder } from '../log/lock.ts';
import { views } from '../processors/views.ts';
import { type Verified, verify } from '../stores/verify.ts';
import { type Control, reachControl } from './control.ts';
import { openLog, openPlant, requireData } from './parts.ts';

export type Asked = Omit<Views, 'status' | 'change' | 'onCommit'> & { verify(): Promise<Verified> };

export interface Workshop {
  readonly views: Asked;
  /** Appends, and processes what was appended where no gate does. @returns the offset after it, once durable */
  append(drafts: Parameters<Control['append']>[0]): Promise<number>;
  change(change: RegistryChange): Promise<number>;
  /** Appends a tick where no gate does. */
  tick(): Promise<void>;
  /** Offset up to which the store stands. */
  position(): Promise<number>;
  /** Processes and commits all that is in the log. */
  catchUp(): Promise<void>;
  close(): Promise<void>;
}

const remote = async (config: Config): Promise<Workshop | null> => {
  const client = await reachControl(config.data);
  if (client === null) return null;
  const asked = new Proxy({} as Asked, {
    get: (_, name) => (typeof name === 'string' && name !== 'then' ? (...args: unknown[]) => client.remote.view(name, args) : undefined),
  });
  const position = async (): Promise<number> => ((await client.remote.view('status', [])) as { position: number }).position;
  return {
    views: asked,
    append: (drafts) => client.remote.append(drafts),
    change: (change) => client.remote.change(change),
    tick: async () => {},
    position,
    async catchUp() {
      const { envelopes } = await asked.ledger();
      while ((await position()) < envelopes.appended) await new Promise((resolve) => setTimeout(resolve, 200));
    },
    close: async () => client.close(),
  };
};

const draft = (kind: Draft['kind'], payload: string, subject = ''): Draft => ({
  kind,
  subject,
  sender: '',
  topic: '',
  payload: Buffer.from(payload),
  qos: 1,
  dup: false,
  packetId: 0,
});

const local = async (config: Config): Promise<Workshop> => {
  const lock = await lockFolder(config.data);
  const log = await openLog(config);
  const plant = await openPlant(config);
  const append = (one: Draft): void => log.append(one);
  const catchUp = async (): Promise<void> => {
    await log.flush();
    await plant.run.to(log.durableEnd);
    await plant.run.commit();
  };
  await catchUp();
  return {
    views: { ...views(plant.pipeline, plant.store, () => log.durableEnd), verify: () => verify(plant.store, plant.pipeline.ruleOf) },
    async append(drafts) {
      for (const { kind, payload, subject } of drafts) append(draft(kind, payload, subject));
      await log.flush();
      await plant.run.to(log.durableEnd);
      return log.durableEnd;
    },
    async change(change) {
      append(draft('registry', JSON.stringify(change)));
      await catchUp();
      return log.durableEnd - 1;
    },
    async tick() {
      append(draft('tick', JSON.stringify({ wall: Date.now(), qos0Dropped: plant.store.ledger().qos0Dropped, held: 0, connections: 0, diskFreeBytes: -1 })));
      await log.flush();
      await plant.run.to(log.durableEnd);
    },
    position: async () => plant.store.position,
    catchUp,
    async close() {
      await catchUp();
      await plant.close();
      await log.close();
      await lock.release();
    },
  };
};

/**
 * Opens a data folder.
 * @param create make it where there is none
 * @throws FailureError `no-data`, `data-in-use` (a process holds it that does not answer)
 */
export const openWorkshop = async (config: Config, create = false): Promise<Workshop> => {
  if (!create) requireData(config.data);
  return (await remote(config)) ?? local(config);
};

/** Opens a data folder for the time of one question. */
export const inWorkshop = async <T>(config: Config, ask: (workshop: Workshop) => Promise<T>): Promise<T> => {
  const workshop = await openWorkshop(config);
  try {
    return await ask(workshop);
  } finally {
    await workshop.close();
  }
};
