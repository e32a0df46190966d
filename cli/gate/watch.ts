/** What the gate says of itself each second, and the alarms in its log: the log cannot be written, the disk is nearly full, the plant's thread hangs. Curing either is left to whoever reads them. */
import type { Logger } from 'pino';
import type { DoorCounters } from '../../broker/door.ts';
import type { Tick } from '../../core/envelope.ts';
import type { LogWriter } from '../../core/log.ts';
import type { GateReport, PlantLife } from '../../core/views.ts';

/** An alarm that lasts is said again that often, ms. */
const repeatMs = 60_000;

export interface Seen {
  readonly tick: Tick;
  readonly log: Pick<LogWriter, 'held' | 'trouble'>;
  readonly door: DoorCounters | undefined;
  readonly plant: PlantLife;
}

export interface GateWatch {
  /** To be called each second. */
  see(seen: Seen): GateReport;
}

/** A condition that is said when it comes, while it lasts, and when it goes. */
const condition = (come: (forMs: number) => void, gone: (forMs: number) => void): ((holds: boolean, now: number) => number | null) => {
  let since: number | null = null;
  let saidAt = 0;
  return (holds, now) => {
    if (holds && (since === null || now - saidAt >= repeatMs)) {
      since ??= now;
      saidAt = now;
      come(now - since);
    } else if (!holds && since !== null) {
      gone(now - since);
      since = null;
    }
    return since;
  };
};

/**
 * @param reserveBytes free space below which the store waits
 * @param onCure called when what kept the log or the store from writing is gone
 */
export const gateWatch = (logger: Logger, reserveBytes: number, onCure: () => void): GateWatch => {
  let seen: Seen | undefined;
  const facts = (forMs: number): object => ({
    seconds: Math.round(forMs / 1000),
    why: seen?.log.trouble,
    held: seen?.log.held.envelopes,
    heldBytes: seen?.log.held.bytes,
    diskFreeBytes: seen?.tick.diskFreeBytes,
  });
  const unwritable = condition(
    (forMs) => logger.error(facts(forMs), 'the log cannot be written: acknowledgements are held until it can'),
    (forMs) => {
      logger.warn(facts(forMs), 'the log is written again: what was held is acknowledged');
      onCure();
    },
  );
  const nearlyFull = condition(
    (forMs) => logger.error({ ...facts(forMs), reserveBytes }, 'the disk is nearly full: the log goes on, the store waits'),
    (forMs) => {
      logger.warn(facts(forMs), 'the disk has room again: the store goes on');
      onCure();
    },
  );
  const hanging = condition(
    () => logger.error({ silentMs: seen?.plant.threadSilentMs }, "the plant's thread does not answer: readings are taken, figures wait"),
    (forMs) => logger.warn({ seconds: Math.round(forMs / 1000) }, "the plant's thread answers again"),
  );
  return {
    see(now) {
      seen = now;
      const { tick, log, door, plant } = now;
      const { wall, diskFreeBytes } = tick;
      const at = performance.now(); // the wall clock may be set meanwhile
      nearlyFull(diskFreeBytes >= 0 && diskFreeBytes < reserveBytes, at);
      hanging(plant.threadSilentMs > 0, at);
      const since = unwritable(log.trouble !== null, at);
      return { tick, trouble: log.trouble, troubleSince: since === null ? null : Math.round(wall - (at - since)), log: log.held, door: door ?? null, plant };
    },
  };
};
