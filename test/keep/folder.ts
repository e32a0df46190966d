/** Data folders for the tests of backup, restore, rebuild, horizon and standby: real files, with a clock of the test's own. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { storeFile } from '../../cli/keep/data-folder.ts';
import { openPlant, type Plant } from '../../cli/plant/parts.ts';
import { types } from '../../cli/types.ts';
import { type Config, configSchema } from '../../config.ts';
import type { Draft } from '../../core/envelope.ts';
import type { Store } from '../../core/store.ts';
import { minuteMs } from '../../core/time.ts';
import { AppendFileReader } from '../../log/append-file-reader.ts';
import { type AppendFileSettings, type AppendFileWriter, openAppendFile } from '../../log/append-file-writer.ts';
import { pipeline } from '../../processors/pipeline.ts';
import { run } from '../../processors/run.ts';
import { type LoadResult, runLoad } from '../../simulators/load.ts';
import { duckdbStore } from '../../stores/duckdb.ts';
import { dumpOf } from '../stores/answers.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export const configFor = (data: string, more: Partial<Config> = {}): Config =>
  configSchema.parse({ data, httpPort: 0, mqttPort: 0, logLevel: 'fatal', commitMs: 200, demo: false, ...more });

export const start = Date.UTC(2026, 0, 5);

/** A log that a test writes by its own clock. */
export interface Written {
  readonly log: AppendFileWriter;
  now: number;
  send(kind: Draft['kind'], body: unknown, subject?: string): void;
  /** Every device sends its register and power each minute, beside a tick; each seventh also a power of 17 minutes ago. */
  minutes(count: number, devices: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export const writtenLog = async (data: string, settings: Partial<AppendFileSettings> = {}, from = start): Promise<Written> => {
  const self: Written = {
    log: await openAppendFile({ folder: data, clock: () => self.now, settings: { compress: false, lingerMsMax: 0, ...settings } }),
    now: from,
    send(kind, body, subject = '') {
      const topic = kind === 'message' ? `city/v1/here/${subject}/telemetry` : '';
      self.log.append({ kind, subject, sender: '', topic, payload: Buffer.from(JSON.stringify(body)), qos: 1, dup: false, packetId: 1 });
    },
    async minutes(count, devices) {
      for (let i = 0; i < count; i++) {
        self.now += minuteMs;
        const step = Math.round((self.now - start) / minuteMs);
        for (const [n, id] of devices.entries()) {
          self.send('message', { ts: self.now, values: { active_energy_import: 100 + n + step / 60, active_power: 1_000 + ((step * 37 + n) % 100) } }, id);
          if (step % 7 === 0) self.send('message', { ts: self.now - 17 * minuteMs - 1_000, values: { active_power: 500 + n } }, id);
        }
        self.send('tick', { wall: self.now, qos0Dropped: 0, held: 0, connections: 1, diskFreeBytes: -1 });
        await self.log.flush();
      }
    },
    close: () => self.log.close(),
  };
  return self;
};

/** A folder with the log of an open town: so many minutes of three devices, in small segments. */
export const filled = async (data: string, minutes: number): Promise<Written> => {
  const written = await writtenLog(data, { segmentBytesMax: 16_384 });
  written.send('registry', { action: 'apply', town: { name: 'Test', zone: 'Europe/Paris', admission: 'open' } });
  await written.minutes(minutes, ['a', 'b', 'c']);
  return written;
};

/** Load on a gate, from an hour ago: what runs it, and how many messages were acknowledged so far. */
export const loaded = (
  { mqttPort }: { readonly mqttPort: number },
  size: { readonly connections: number; readonly messages: number; readonly ratePerSecond: number },
): { readonly result: Promise<LoadResult>; acknowledged(): number } => {
  let acknowledged = 0;
  const result = runLoad({
    ...size,
    port: mqttPort,
    window: 4,
    firstAt: Date.now() - 60 * minuteMs,
    stepMs: 1_000,
    resend: true,
    patienceMs: 30_000,
    onAcknowledged: (count) => {
      acknowledged = count;
    },
  });
  return { result, acknowledged: () => acknowledged };
};

/** Runs the log of a folder from its beginning up to `end` into a fresh store elsewhere. */
export const replayed = async (data: string, end: number): Promise<{ dump: string[]; ledger: ReturnType<Store['ledger']> }> => {
  const file = storeFile(temporaryFolder());
  await mkdir(dirname(file), { recursive: true });
  const store = await duckdbStore({ file });
  const reader = new AppendFileReader(data);
  const running = await run(pipeline(types, store, reader), reader, store);
  await running.to(end);
  await running.checkpoint();
  const result = { dump: await dumpOf(store), ledger: store.ledger() };
  await reader.close();
  await store.close();
  return result;
};

/** Opens a folder's plant, caught up with its log. */
export const caughtUp = async (data: string): Promise<Plant> => {
  const plant = await openPlant(configFor(data));
  const reader = new AppendFileReader(data);
  await plant.run.to(await reader.end());
  await plant.run.checkpoint();
  await reader.close();
  return plant;
};

/** What a folder's store holds once it is caught up. */
export const contents = async (data: string): Promise<{ dump: string[]; ledger: ReturnType<Store['ledger']>; position: number }> => {
  const plant = await caughtUp(data);
  try {
    return { dump: await dumpOf(plant.store), ledger: plant.store.ledger(), position: plant.store.position };
  } finally {
    await plant.close();
  }
};
