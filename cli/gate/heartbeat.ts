/** The gate's heartbeat: each second a tick goes into the log, and what is seen of the gate at that moment is kept. Judging it is left to `watch.ts`. */
import type { Door, DoorCounters } from '../../broker/door.ts';
import type { Config } from '../../config.ts';
import type { Tick } from '../../core/envelope.ts';
import type { LogWriter } from '../../core/log.ts';
import type { GateReport, PlantLife } from '../../core/views.ts';
import { openReader } from '../parts/log.ts';
import type { Supervised } from '../plant/supervisor.ts';
import { freeBytes } from './preflight.ts';
import type { GateWatch } from './watch.ts';

const tickMs = 1_000;
const unborn: PlantLife = { starts: 0, hangs: 0, endedAt: null, end: null, threadSilentMs: 0 };

export interface HeartbeatParts {
  readonly config: Config;
  /** Its name among many gates; absent: it is the only one. */
  readonly gate?: string;
  readonly log: LogWriter;
  readonly watch: GateWatch;
  /** Appends the body of a tick; `durable` is called when it is on disk. */
  append(body: string, durable: () => void): void;
  /** Undefined until they are opened. */
  door(): Door | undefined;
  plant(): Supervised | undefined;
  /** Called after each beat. @param wall epoch ms */
  beaten(wall: number): void;
}

export interface Heartbeat {
  /** What was seen at the last beat. */
  report(): GateReport | null;
  /** A beat out of turn. */
  beat(): void;
  /** Beats each second from now on. */
  start(): void;
  stop(): void;
}

/** The newest tick of a log; null where it holds none. */
export const newestTick = async (config: Config): Promise<Tick | null> => {
  const reader = openReader(config);
  try {
    const start = await reader.start();
    for (let end = await reader.end(), size = 1_000; end > start; size *= 4) {
      const from = Math.max(start, end - size);
      let found: Tick | null = null;
      for await (const { envelopes } of reader.read(from, end, 1_000)) {
        for (const { kind, payload } of envelopes) if (kind === 'tick') found = JSON.parse(Buffer.from(payload).toString('utf8')) as Tick;
      }
      if (found !== null) return found;
      end = from;
    }
    return null;
  } finally {
    await reader.close();
  }
};

/** -1 where it cannot be told. */
const diskFree = (folder: string): Promise<number> => freeBytes(folder).catch(() => -1);

/** Learns what the ticks before it counted, and the free disk; beats only when it is told to. */
export const heartbeat = async ({ config, gate, log, watch, append, door, plant, beaten }: HeartbeatParts): Promise<Heartbeat> => {
  // The door counts from its own opening, a tick since the log began.
  const droppedBefore = gate === undefined ? ((await newestTick(config))?.qos0Dropped ?? 0) : 0;
  const openedAt = performance.now();
  let diskFreeBytes = await diskFree(config.data);
  let report: GateReport | null = null;
  let isTickHeld = false;
  let beating: NodeJS.Timeout | undefined;

  const tickOf = (counters: DoorCounters | undefined): Tick => ({
    ...(gate === undefined ? {} : { gate }),
    wall: Date.now(),
    up: Math.round(performance.now() - openedAt),
    qos0Dropped: droppedBefore + (counters?.qos0Dropped ?? 0),
    held: counters?.held ?? log.held.envelopes,
    connections: counters?.connections ?? 0,
    diskFreeBytes,
  });

  const beat = (): void => {
    const counters = door()?.counters();
    const tick = tickOf(counters);
    // While the log cannot be written, the one that waits is enough: the time until the next was not open.
    if (!isTickHeld) {
      isTickHeld = true;
      append(JSON.stringify(tick), () => {
        isTickHeld = false;
      });
    }
    report = watch.see({ tick, log, door: counters, plant: plant()?.life() ?? unborn });
    beaten(tick.wall);
    void diskFree(config.data).then((free) => {
      diskFreeBytes = free;
    });
  };

  return {
    report: () => report,
    beat,
    start() {
      beating = setInterval(beat, tickMs);
    },
    stop: () => clearInterval(beating),
  };
};
