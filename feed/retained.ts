/** Public rows on MQTT: the newest of each key, retained on city/v1/public/<dataset>/<key>. Who may subscribe is left to the broker. */
import type { Dataset } from './dataset.ts';
import { record } from './present.ts';
import { type PrivacyGateOptions, privacyGate } from './privacy-gate.ts';
import { datasets } from './registry.ts';
import { type Table, type Tables, tables } from './tables.ts';

export interface PublicBroker {
  /** Publishes as the gate itself; an empty payload with `retain` forgets what was retained. */
  publish(topic: string, payload: string, retain: boolean): Promise<void>;
  /** Forgets all that was retained. */
  clear(): Promise<void>;
}

const payloads = ({ dataset, rows }: Table): Map<string, string> => {
  const selection = dataset.fields.map((field) => ({ field, as: field.name }));
  return new Map(
    [...dataset.retained(rows)].map(([key, { id, fields }]) => [
      `city/v1/public/${dataset.id}/${key}`,
      JSON.stringify({ record: id, ...record(selection, fields, 'UTC') }),
    ]),
  );
};

/**
 * Keeps what is retained equal to the tables. One dataset is written at a time, and only the newest state: a slow broker
 * skips states and never falls behind. What failed is written again with the next change. It begins with nothing retained:
 * the broker outlives the plant, and what it still holds was admitted by another one.
 */
export const retain = (tables: Tables, { publish, clear }: PublicBroker, failed: (error: unknown) => void): void => {
  /** What the broker holds, by topic; null where a publication failed and may have arrived all the same. */
  const held = new Map<Dataset, Map<string, string | null>>();
  const newest = new Map<Dataset, Table>();
  const writing = new Set<Dataset>();
  let clearing: Promise<void> | null = null;
  /** Once; where it failed, again before the next publication. */
  const cleared = (): Promise<void> => {
    clearing ??= clear().catch((error: unknown) => {
      clearing = null;
      throw error;
    });
    return clearing;
  };

  const write = async (table: Table): Promise<void> => {
    const own = held.get(table.dataset) ?? new Map<string, string | null>();
    held.set(table.dataset, own);
    const wanted = payloads(table);
    // What must go, goes first.
    for (const topic of [...own.keys()].filter((one) => !wanted.has(one))) {
      await publish(topic, '', true);
      own.delete(topic);
    }
    for (const [topic, payload] of wanted) {
      if (own.get(topic) === payload) continue;
      own.set(topic, null);
      await publish(topic, payload, true);
      own.set(topic, payload);
    }
  };

  const drain = async (dataset: Dataset): Promise<void> => {
    if (writing.has(dataset)) return;
    writing.add(dataset);
    try {
      await cleared();
      for (let table = newest.get(dataset); table !== undefined; table = newest.get(dataset)) {
        newest.delete(dataset);
        await write(table);
      }
    } catch (error) {
      failed(error);
    } finally {
      writing.delete(dataset);
    }
  };

  cleared().catch(failed);
  tables.listen((table) => {
    newest.set(table.dataset, table);
    void drain(table.dataset);
  });
};

/**
 * The same where somebody else writes it: asked again and again, it tells all that is to be retained, by topic.
 * @param clock epoch ms
 */
export const retainedRows = (gate: Omit<PrivacyGateOptions, 'datasets'>, clock: () => number): (() => Promise<ReadonlyMap<string, string>>) => {
  const shelves = tables(privacyGate({ ...gate, datasets }), clock);
  return async () => {
    const all = await Promise.all(shelves.datasets.map((dataset) => shelves.current(dataset)));
    return new Map(all.flatMap((table) => [...payloads(table)]));
  };
};
