import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hourMs } from '../../core/time.ts';
import type { Clock } from '../../simulators/clock.ts';
import { type FleetOptions, runFleet } from '../../simulators/run.ts';
import { type TestBroker, testBroker } from './broker.ts';
import { townOf, types } from './town-of.ts';

const town = townOf(`name: T
zone: Europe/Paris
gateways: [{ id: gw-a, secretSha256: ${'a'.repeat(64)} }]
quarters: [{ id: A, name: A }]
sites: [{ id: s, name: S, owner: public, use: school, quarter: A, areaM2: 2000 }]
devices:
  - { id: meter, type: submeter, site: s, via: [gw-a], simulated: true }
  - { id: room, type: room-sensor, site: s, via: [gw-a], simulated: true }
  - { id: bay, type: parking-bay, site: s, simulated: true }
  - { id: real, type: linky, site: s }
`);
const start = Date.UTC(2026, 2, 10, 12);

let broker: TestBroker;
beforeEach(async () => {
  broker = await testBroker();
});
afterEach(() => broker.close());

/** A clock that goes a minute at each wait, and stops the fleet after `minutes`. */
const simulatedClock = (minutes: number): { clock: Clock; signal: AbortSignal } => {
  const stop = new AbortController();
  let passed = 0;
  return {
    signal: stop.signal,
    clock: {
      now: () => start + passed * 60_000,
      // Each speaker waits by itself; time goes on with the first one.
      wait: async (ms) => {
        await new Promise((resolve) => setImmediate(resolve));
        // The farewell of two seconds is no minute of the town.
        if (ms > 1_000) return new Promise((resolve) => setTimeout(resolve, ms));
        passed++;
        if (passed >= minutes) stop.abort();
      },
    },
  };
};

const run = (minutes: number, more: Partial<FleetOptions> = {}) =>
  runFleet({ url: `mqtt://127.0.0.1:${broker.port}`, town, types, ...simulatedClock(minutes), historyHours: 24, fullHours: 12, ...more });

interface Said {
  readonly ts: number;
  readonly values: Record<string, number | string>;
}
const saidBy = (device: string): Said[] =>
  broker.received
    .filter(({ topic }) => topic === `city/v1/a/${device}/telemetry`)
    .flatMap(({ payload }) => payload as Said | Said[])
    .sort((a, b) => a.ts - b.ts);

describe('the fleet on MQTT', () => {
  it('reports as many times as often as it is told, in the present only', async () => {
    await run(30, { speed: 10 });
    const gapsOf = (device: string, inPresent: boolean): number[] => {
      const times = saidBy(device).flatMap(({ ts }) => (ts > start === inPresent ? [ts] : []));
      return [...new Set(times.slice(1).map((ts, n) => ts - (times[n] ?? 0)))];
    };
    expect(gapsOf('meter', true)).toEqual([30_000]);
    expect(gapsOf('meter', false)).toEqual([900_000]);
    expect(gapsOf('room', true)).toEqual([60_000]);
  });

  it('tells its history, then lives on, through its gateways, without gap or repetition', async () => {
    const shares: number[] = [];
    const result = await run(60, { onHistory: (share) => shares.push(share) });
    expect(shares).toEqual([0.25, 0.5, 0.75, 1]);
    expect(result.published).toBe(broker.received.length);
    expect(new Set(broker.received.map(({ client }) => client))).toEqual(new Set(['gw-a', 'bay']));

    const meter = saidBy('meter');
    expect(new Set(meter.map(({ ts }) => ts)).size).toBe(meter.length);
    // A quarter of an hour apart in history, five minutes in the present; never further apart than the type holds.
    const gaps = meter.slice(1).map(({ ts }, n) => ts - (meter[n]?.ts ?? 0));
    expect(new Set(gaps.filter((_, n) => (meter[n + 1]?.ts ?? 0) <= start))).toEqual(new Set([900_000]));
    expect(Math.max(...gaps)).toBe(900_000);
    const live = meter.filter(({ ts }) => ts > start);
    expect(live.length).toBeGreaterThan(2);
    expect(live.slice(1).every(({ ts }, n) => ts - (live[n]?.ts ?? 0) === 300_000)).toBe(true);
    // Older history holds registers only, and these go up.
    expect(meter[0]?.values).not.toHaveProperty('active_power');
    expect(meter.at(-1)?.values).toHaveProperty('active_power');
    const register = meter.map(({ values }) => Number(values.active_energy_import));
    expect(register).toEqual([...register].sort((a, b) => a - b));
  });

  it('lets a bay say once how it stands, then only what changes', async () => {
    await run(30);
    const [first, ...changes] = saidBy('bay');
    expect(first?.ts).toBe(start - 24 * hourMs);
    let state = first?.values.occupancy;
    for (const { values } of changes) {
      expect(values.occupancy).not.toBe(state);
      state = values.occupancy;
    }
    expect(saidBy('real')).toEqual([]);
  });

  it('goes on where it was after a new start, and says the same again', async () => {
    await run(10, { historyHours: 2 });
    const before = broker.received.map(({ topic, payload }) => [topic, payload]);
    broker.received.length = 0;
    await run(10, { historyHours: 2 });
    const after = broker.received.map(({ topic, payload }) => [topic, payload]);
    const sorted = (list: unknown[]): string[] => list.map((one) => JSON.stringify(one)).sort();
    // How far the present got is a matter of scheduling; history is not.
    const history = (list: string[]): string[] => list.filter((one) => Number(/"ts":(\d+)/.exec(one)?.[1]) <= start);
    expect(history(sorted(after))).toEqual(history(sorted(before)));
  });

  it('hands out the labels of its faults', async () => {
    let labels = '';
    await run(1, { historyHours: 1, faultsPerWeek: 1, labels: (ndjson) => (labels = ndjson) });
    expect(labels).toContain('"kind":"stuck"');
  });

  it('outlives a broken connection', async () => {
    let cut = false;
    broker.hold = async () => {
      if (cut || broker.received.length < 4) return;
      cut = true;
      broker.cut();
    };
    const { published } = await run(3, { historyHours: 12 });
    expect(cut).toBe(true);
    const meter = new Set(saidBy('meter').map(({ ts }) => ts));
    expect([...meter].filter((ts) => ts <= start)).toHaveLength(48);
    expect(published).toBeGreaterThan(4);
  });
});
