/** The state in words on the operations page, and the same figures in the metrics; every queue has a gauge. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { doorLimitDefaults } from '../../broker/limits.ts';
import type { GateReport } from '../../core/views.ts';
import { doorWords } from '../../dashboards/web/text/door.ts';
import { languages } from '../../dashboards/web/text/messages.ts';
import { end, host, type TestTown, testTown } from './town.ts';

let town: TestTown;
beforeAll(async () => {
  town = await testTown();
});
afterAll(() => town.close());

/** As the gate tells it before anybody was slowed down. */
const noneSlowed = { inFlightPerClientMax: 0, heldEnvelopesMax: 0, ratePerDeviceMax: 0 };

const report = (part: Partial<GateReport> = {}): GateReport => ({
  tick: { wall: end, up: 1, qos0Dropped: 0, held: 0, connections: 2, diskFreeBytes: 5e9 },
  trouble: null,
  troubleSince: null,
  log: { envelopes: 0, bytes: 0 },
  door: { strangers: 0, held: 0, heldBytes: 0, waitingBytes: 0, gatheredBytes: 0, messages: 1_000, refused: {}, slowed: noneSlowed, forwardsDropped: 0 },
  plant: { starts: 1, hangs: 0, endedAt: null, end: null, threadSilentMs: 0 },
  ...part,
});
beforeEach(() => town.setStatus({ report: report(), gate: report().tick, trouble: null, waiting: null, uncommittedRows: 0 }));

/** What a reader sees: tags away, blanks as one. */
let asked = 0;
const said = async (path: string): Promise<string> => {
  // A page is remembered for a moment, by its address.
  const { body } = await town.app.inject({ url: `${path}?adopted=nobody-${asked++}`, headers: host });
  return body
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/[\s\u00a0\u202f]+/g, ' ');
};
const metrics = async (): Promise<Map<string, number>> => {
  const { body } = await town.app.inject({ url: '/metrics', headers: host });
  return new Map([...body.matchAll(/^(octroi_\S+) (\S+)$/gm)].map(([, name, value]) => [name as string, Number(value)]));
};

test('all is well', async () => {
  town.setStatus({ report: report({ log: { envelopes: 1, bytes: 108 } }) }); // the gate's own tick
  const page = await said('/en/operations');
  expect(page).toContain('✓ The gate is open, processing keeps up');
  expect(page).toContain('No message waits for its acknowledgement.');
  expect(page).toContain('5.0 GB free on the disk of the log.');
  expect(page).toContain('Processing runs without a break, started');
  expect(page).not.toContain('can no longer be written');
  expect(page).not.toContain('Limits reached');
  const figures = await metrics();
  expect([figures.get('octroi_log_writable'), figures.get('octroi_store_writable'), figures.get('octroi_log_held_seconds')]).toEqual([1, 1, 0]);
});

test('processing is behind: by its count or by its age, on both pages, and what is not found may be on its way', async () => {
  const { logEnd, logTime } = await town.views.status();
  const ages = [
    { logEnd: logEnd + 6_000, logTime: end },
    { logEnd: logEnd + 10, logTime: end - 60_000 },
  ];
  for (const { logEnd: told, logTime: at } of ages) {
    town.setStatus({ logEnd: told, logTime: at });
    expect(await said('/en/operations')).toContain('The gate is open, processing is catching up');
    expect(await said('/fr/')).toContain('Le traitement rattrape son retard');
    const missing = await town.app.inject({ url: '/api/v1/latest?device=on-its-way', headers: host });
    expect([missing.statusCode, missing.json().detail]).toEqual([404, expect.stringMatching(/messages behind, in which it may come$/)]);
  }
  town.setStatus({ logEnd: logEnd + 10, logTime: end });
  expect(await said('/en/operations')).toContain('The gate is open, processing keeps up');
  expect(await said('/fr/')).not.toContain('rattrape');
  const missing = await town.app.inject({ url: '/api/v1/latest?device=on-its-way', headers: host });
  expect(missing.json().detail).toBe('no device "on-its-way" in the town');
  town.setStatus({ logEnd, logTime });
});

test('the log cannot be written: since when, why, what is held', async () => {
  const trouble = 'the log cannot be written: ENOSPC: no space left on device';
  const held = { ...report().tick, held: 321, diskFreeBytes: 0 };
  town.setStatus({ trouble, gate: held, report: report({ tick: held, trouble, troubleSince: end - 180_000, log: { envelopes: 322, bytes: 65_536 } }) });
  const page = await said('/en/operations');
  expect(page).toContain(`✗ The gate cannot write: the disk is full (ENOSPC) ${trouble}`);
  expect(page).toMatch(/The log can no longer be written \(it stopped 3 min(utes)?\.? ago\)\. 321 messages wait for their acknowledgement: nothing is lost/);
  expect(page).toMatch(/321 messages wait for their acknowledgement \(6\d(\.\d)? k?B/);
  expect(page).toContain('0 B free on the disk of the log.');
  const french = await said('/fr/operations');
  expect(french).toContain('✗ La porte ne peut plus écrire : le disque est plein (ENOSPC)');
  expect(french).toContain('Le journal ne peut plus être écrit (arrêté il y a 3 min');
  const figures = await metrics();
  expect(figures.get('octroi_log_writable')).toBe(0);
  expect(figures.get('octroi_log_held_seconds')).toBe(180);
  expect(figures.get('octroi_acknowledgements_held')).toBe(321);
  expect(figures.get('octroi_log_held_envelopes')).toBe(322);
  expect(figures.get('octroi_log_held_bytes')).toBe(65_536);
});

test('the store waits for room; the plant ended; limits were reached', async () => {
  const door = { ...(report().door as NonNullable<GateReport['door']>), refused: { connectionsMax: 7 }, slowed: { ratePerDeviceMax: 12 }, forwardsDropped: 3 };
  const failed = { how: 'failed', code: 'store-failed', detail: 'IO Error' } as const;
  const plant = { ...report().plant, starts: 4, endedAt: end - 120_000, end: failed };
  town.setStatus({ waiting: { freeMb: 12, keptMb: 64 }, uncommittedRows: 1_234, report: report({ door, plant }) });
  const page = await said('/en/operations');
  expect(page).toContain('The disk is nearly full: readings are kept in the log, figures wait');
  expect(page).toContain('12 MB of the disk are free; 64 MB are kept for the log');
  expect(page).toContain('1,234 rows wait to be committed, 0 late readings');
  expect(page).toMatch(/Processing was started 4 times; it last ended 2 min(utes)?\.? ago: the store cannot be read or written \(store-failed\)\. IO Error/);
  const french = await said('/fr/operations');
  expect(french).toContain('12 Mo du disque sont libres ; 64 Mo sont réservés au journal.');
  expect(french).toMatch(/lancé 4 fois ; dernier arrêt il y a 2 min(utes)? : la base ne peut être lue ou écrite \(store-failed\)\./);
  expect(page).toMatch(/Limits reached and refusals since the gate opened connections slowed down: too many messages a second ratePerDeviceMax ?: 12 conn/);
  expect(page).toMatch(/ connections beyond the number admitted connectionsMax ?: 7 public messages that slow subscribers missed forwardsDropped ?: 3 /);
  expect(french).toContain(' connexions ralenties : trop de messages par seconde ratePerDeviceMax : 12 connexions au-delà du nombre admis connectionsMax : 7 ');
  const figures = await metrics();
  expect(figures.get('octroi_store_writable')).toBe(0);
  expect(figures.get('octroi_rows_uncommitted')).toBe(1_234);
  expect(figures.get('octroi_plant_starts_total')).toBe(4);
  expect(figures.get('octroi_door_limits_total{limit="connectionsMax"}')).toBe(7);
  expect(figures.get('octroi_door_limits_total{limit="ratePerDeviceMax"}')).toBe(12);
  expect(figures.get('octroi_forwards_dropped_total')).toBe(3);
});

test('every limit of the door has words of its own; what has none is against the rules of MQTT', () => {
  const silent = ['keepaliveSecondsMax', 'gatheredBytesPerClientFree', 'packetsPerSubscribe']; // nothing is counted at these
  const names = [...Object.keys(doorLimitDefaults).filter((name) => !silent.includes(name)), 'keepalive', 'bad-credentials', 'subscribe-denied'];
  for (const language of languages) {
    const other = doorWords(language, 'DUP at QoS 0');
    expect([language, names.filter((name) => doorWords(language, name) === other)]).toEqual([language, []]);
    expect(new Set(names.map((name) => doorWords(language, name))).size).toBe(names.length);
  }
});

test('the plant hung, and was ended', async () => {
  const plant = { ...report().plant, starts: 2, hangs: 1, endedAt: end - 120_000, end: { how: 'silent', ms: 30_210 } } as const;
  town.setStatus({ report: report({ plant }) });
  expect(await said('/en/operations')).toContain('it had not answered for 30 s, and was ended');
  expect(await said('/fr/operations')).toContain('il ne répondait plus depuis 30 s et a été arrêté');
  expect((await metrics()).get('octroi_plant_hangs_total')).toBe(1);
});

test("the plant's thread hangs: not ready, and the metrics that need no store say how long", async () => {
  town.setStatus({ silentMs: 42_000 });
  try {
    const figures = await metrics();
    expect(figures.get('octroi_plant_thread_silent_seconds')).toBe(42);
    expect([figures.has('octroi_lag_envelopes'), figures.has('octroi_devices_silent')]).toEqual([true, false]);
    const { statusCode, body } = await town.app.inject({ url: '/health/ready', headers: host });
    expect([statusCode, JSON.parse(body)]).toMatchObject([503, { code: 'unavailable', detail: "the plant's thread has not answered for 42 s" }]);
  } finally {
    town.setStatus({ silentMs: 0 });
  }
});

test('every queue has a gauge', async () => {
  const figures = await metrics();
  const queues = [
    'octroi_door_held_bytes', // handed to the log
    'octroi_door_waiting_bytes', // not yet: the log has its hands full
    'octroi_door_gathered_bytes', // packets that have not wholly come
    'octroi_acknowledgements_held',
    'octroi_log_held_envelopes',
    'octroi_log_held_bytes',
    'octroi_lag_envelopes', // in the log, before the pipeline
    'octroi_readings_waiting', // before `revise`
    'octroi_rows_uncommitted', // before the store
    'octroi_streams_open',
    'octroi_readers_waiting_bytes', // before the readers
  ];
  expect(queues.filter((name) => !figures.has(name))).toEqual([]);
});
