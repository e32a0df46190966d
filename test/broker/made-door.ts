/** A door over a log in memory, for the tests of the door; what is asked of it is left to them. */
import { type Door, type DoorOptions, openDoor } from '../../broker/door.ts';
import type { Envelope } from '../../core/envelope.ts';
import { MemoryLog } from '../../log/memory.ts';

export interface MadeDoor {
  readonly door: Door;
  readonly log: MemoryLog;
  readonly envelopes: () => Promise<Envelope[]>;
}

export const fronts = ['scanner', 'aedes'] as const;

export const makeDoor = async (options: Partial<DoorOptions> = {}): Promise<MadeDoor> => {
  const log = new MemoryLog(Date.now);
  const door = await openDoor({
    host: '127.0.0.1',
    port: 0,
    wsPort: null,
    admission: { policy: 'open', lookup: () => undefined },
    ingest: (draft, settled) => log.append(draft, settled),
    ...options,
  });
  const envelopes = async (): Promise<Envelope[]> => {
    await log.flush();
    const found: Envelope[] = [];
    for await (const batch of log.reader().read(0, log.durableEnd, 10_000)) found.push(...batch.envelopes);
    return found;
  };
  return { door, log, envelopes };
};

/** Waits until it holds; the test's own time limit ends it. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};
