/** `octroi replay --rules FILE --diff`: what other settings of alarms would have raised, from the kept log alone; and files that are none. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type AlarmDiff, readRules, replayDiff } from '../../cli/replay-diff.ts';
import { minuteMs } from '../../core/time.ts';
import { octroi } from '../e2e/running.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { configFor, start, type Written, writtenLog } from './folder.ts';

const devices = ['room-1', 'room-2', 'room-3'].map((id) => ({ id, type: 'room-sensor' }));
const town = { name: 'Test', zone: 'Europe/Paris', admission: 'open', devices };

/** A minute in which the rooms say how warm they are: above 85 °C is out of range; 20 s between two ticks. */
const minute = async (log: Written, warmth: Readonly<Record<string, number>>): Promise<void> => {
  for (let tick = 0; tick < 3; tick++) {
    log.now += minuteMs / 3;
    if (tick === 0) for (const { id } of devices) log.send('message', { ts: log.now, values: { temperature: warmth[id] ?? 20 } }, id);
    log.send('tick', { wall: log.now, qos0Dropped: 0, held: 0, connections: 1, diskFreeBytes: -1 });
  }
  await log.log.flush();
};
const minutes = async (log: Written, count: number, warmth: Readonly<Record<string, number>> = {}): Promise<void> => {
  for (let n = 0; n < count; n++) await minute(log, warmth);
};

/** room-1 is out of range for two minutes, room-2 for twelve; room-3 twice, and in between somebody says that this is known. */
const written = async (): Promise<string> => {
  const data = temporaryFolder();
  const log = await writtenLog(data);
  log.send('registry', { action: 'apply', town });
  await minutes(log, 2);
  await minutes(log, 2, { 'room-1': 900 });
  await minutes(log, 10);
  await minutes(log, 12, { 'room-2': 900 });
  await minutes(log, 10);
  const raisedAt = log.now + minuteMs / 3;
  await minutes(log, 1, { 'room-3': 900 });
  log.send('command', { action: 'alarm', alarm: { do: 'label', alarm: `device/room-3/out-of-range/${raisedAt}`, by: 'Camille', verdict: 'known' } });
  await minutes(log, 10);
  await minutes(log, 12, { 'room-3': 900 });
  await log.close();
  return data;
};

const rulesIn = (text: string): string => {
  const file = join(temporaryFolder(), 'rules.yaml');
  writeFileSync(file, text);
  return file;
};
const causes = (list: AlarmDiff['added']): string[] => list.map(({ cause }) => cause);
const hashOf = (folder: string): string =>
  createHash('sha256')
    .update(
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .map((one) => (one.isFile() ? `${one.name} ${readFileSync(join(one.parentPath, one.name)).toString('base64')}` : one.name))
        .join('\n'),
    )
    .digest('hex');

it('says which alarms a dead band would have made one', async () => {
  const data = temporaryFolder();
  const log = await writtenLog(data);
  const unlatched = { 'out-of-range': { latched: false } };
  log.send('registry', { action: 'apply', town: { ...town, alarms: { kinds: unlatched } } });
  for (const warmth of [60, 49, 60, 20]) {
    await minutes(log, 1, { 'room-1': warmth });
    await minutes(log, 8, { 'room-1': Math.min(warmth, 49) });
  }
  await log.close();
  const config = configFor(data);
  expect(await replayDiff(config, { alarms: { kinds: unlatched } })).toMatchObject({ before: 2, after: 2 });
  const banded = await replayDiff(config, { alarms: { kinds: { 'out-of-range': { latched: false, deadBandPercent: 5 } } } });
  expect([banded.before, banded.after, causes(banded.removed)]).toEqual([2, 1, ['device/room-1/out-of-range']]);
});

it('says which alarms would have been added, removed and changed, and writes nothing', async () => {
  const data = await written();
  const before = hashOf(data);
  const temporary = temporaryFolder();
  vi.stubEnv('TMPDIR', temporary);
  onTestFinished(() => void vi.unstubAllEnvs());
  const config = configFor(data);
  const same = await replayDiff(config, { alarms: {} });
  expect(same).toMatchObject({ before: 3, after: 3, added: [], removed: [], changed: [], to: start + 59 * minuteMs });
  // Later, and of another weight: what lasted two minutes raises nothing.
  const later = await replayDiff(config, { alarms: { kinds: { 'out-of-range': { onDelayMs: 5 * minuteMs, priority: 'high' } } } });
  expect([later.before, later.after]).toEqual([3, 1]);
  expect([causes(later.added), causes(later.removed).sort()]).toEqual([[], ['device/room-1/out-of-range', 'device/room-3/out-of-range']]);
  expect(later.changed).toHaveLength(1);
  const [{ before: old, after: now } = { before: undefined, after: undefined }] = later.changed;
  expect([old?.cause, old?.priority, now?.priority]).toEqual(['device/room-2/out-of-range', 'medium', 'high']);
  expect((now?.since ?? 0) - (old?.since ?? 0)).toBeGreaterThanOrEqual(5 * minuteMs - minuteMs / 3);
  // A flood of more than one.
  const flood = await replayDiff(config, { alarms: { floodAlarmsMax: 1, floodMs: 60 * minuteMs } });
  expect(flood.changed.map(({ after }) => [after.cause, after.flood])).toEqual([
    ['device/room-2/out-of-range', true],
    ['device/room-3/out-of-range', true],
  ]);
  // What raises nothing by itself: a jump.
  const jumps = await replayDiff(config, { alarms: { kinds: { 'out-of-range': { raises: false }, jump: { raises: true } } } });
  expect(causes(jumps.removed)).toHaveLength(3);
  expect(jumps.added.every(({ kind }) => kind === 'jump')).toBe(true);
  expect(hashOf(data)).toBe(before);
  expect(readdirSync(temporary)).toEqual([]);
});

it('is a command that prints both as text and as JSON, and refuses files that are none', async () => {
  const data = await written();
  const file = rulesIn('alarms:\n  kinds:\n    out-of-range: { onDelayMs: 300000 }\n');
  const run = (...args: string[]) => octroi(['replay', '--data', data, ...args]);
  const text = await run('--rules', file, '--diff');
  expect([text.code, text.err]).toEqual([0, '']);
  expect(text.out).toContain('3 alarms as the town is set, 1 with this file: 0 added, 2 removed, 1 changed\n- medium 2026-01-05T00:0');
  const { out } = await run('--rules', file, '--diff', '--json');
  expect(JSON.parse(out.trim())).toMatchObject({ before: 3, after: 1, added: [] });
  const misspelt = rulesIn('alarms:\n  kinds:\n    out-of-range:\n      onDelay: 300000\n');
  expect(await run('--rules', misspelt, '--diff')).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/rules-invalid: .*rules\.yaml:4 .*onDelay/) });
  expect(await run('--rules', join(data, 'none.yaml'), '--diff')).toMatchObject({ code: 2, err: expect.stringContaining('rules-invalid: it cannot be read') });
  expect(await run('--rules', file)).toMatchObject({ code: 2, err: expect.stringContaining('--diff') });
  expect(await run('--diff')).toMatchObject({ code: 2, err: expect.stringContaining('--rules') });
  expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining('--into') });
});

it.each([
  ['alarms:\n  floodAlarmsMax: 0\n', 'floodAlarmsMax'],
  ['alarms:\n  kinds:\n    nonsense: {}\n', 'nonsense'],
  ['alarms:\n  kinds:\n    silent: { priority: urgent }\n', 'priority'],
  ['alarms:\n  kinds:\n    silent: { offDelayMs: 0 }\n', 'offDelayMs'],
  ['alarms:\n  kinds:\n    clock-step: { onDelayMs: 1000 }\n', 'rules.yaml:3 a step of the clock is over at once'],
  ['kinds: {}\n', 'alarms'],
  ['alarms: [\n', 'rules.yaml:'],
])('a file %j is refused where it is wrong', async (text, where) => {
  await expect(readRules(rulesIn(text))).rejects.toMatchObject({ failure: { code: 'rules-invalid', message: expect.stringContaining(where) } });
});
