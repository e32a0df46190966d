/** What a dead letter becomes when it is opened again: nothing replaces another, and its place in its envelope stays known. */
import { expect, test } from 'vitest';
import { flagNames } from '../../core/reading.ts';
import { drive, townOf } from '../drive.ts';

const now = Date.parse('2026-04-07T10:00:00Z');
const seconds = 1_000;

test('messages without a stamp that came at one log time are all kept', async () => {
  const gate = await drive(townOf([], { admission: 'declared' }), now);
  gate.at(now + 2 * seconds);
  for (const temperature of [3, 4, 4, 5]) gate.send('b', { values: { temperature } }, { sender: 'b' });
  gate.tick(now + 3 * seconds);
  gate.append('registry', { action: 'adopt', device: { id: 'b', type: 'generic' } });
  gate.tick(now + 5 * seconds);
  await gate.process();
  const { rows } = await gate.store.readings({ subject: 'b', quantity: 'temperature', from: 0, to: 2 * now, limit: 10 });
  expect(rows.map(({ at, value, version }) => [at - now - 2 * seconds, value, version])).toEqual([
    [0, 300, 0],
    [1, 400, 0],
    [2, 400, 0],
    [3, 500, 0],
  ]);
  expect(rows.map(({ flags }) => flagNames(flags).filter((name) => name !== 'late'))).toEqual([
    ['unstamped'],
    ['unstamped'],
    ['unstamped', 'unidentified'],
    ['unstamped'],
  ]);
  expect(gate.ledger().readings).toMatchObject({ accepted: 4, stored: 4, duplicate: 0, corrected: 0, deadLetter: 0 });
});

test('a town file that declares a device opens what waited for it, and nothing else', async () => {
  const gate = await drive(townOf([], { admission: 'declared' }), now);
  for (const id of ['b', 'c']) gate.send(id, { ts: now, values: { temperature: 3 } }, { sender: id });
  gate.tick(now + seconds);
  gate.append('registry', { action: 'apply', town: townOf([{ id: 'b', type: 'generic' }], { admission: 'declared' }) });
  gate.tick(now + 4 * seconds);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 1, deadLetter: 1 });
  const { rows } = await gate.store.deadLettersPage({ code: 'unknown-device', limit: 10 });
  expect(rows.map(({ subject, version }) => [subject, version])).toEqual([
    ['c', 0],
    ['b', 1],
  ]);
});

test('a numbered message that came twice before its device was known is counted once', async () => {
  const gate = await drive(townOf([], { admission: 'declared' }), now);
  gate.send('b', { values: { temperature: 3 }, seq: 1 }, { sender: 'b' });
  gate.tick(now + seconds);
  gate.send('b', { values: { temperature: 3 }, seq: 1 }, { sender: 'b', dup: true });
  gate.append('registry', { action: 'adopt', device: { id: 'b', type: 'generic' } });
  gate.tick(now + 4 * seconds);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 1, duplicate: 1, corrected: 0, deadLetter: 0 });
});

test('readings of one envelope that are refused again keep their places', async () => {
  const device = { id: 'b', type: 'generic' };
  const gate = await drive(townOf([device], { admission: 'declared' }), now);
  gate.send('b', { ts: now + 3_600_000, values: { temperature: 3, humidity: 40 } }, { sender: 'b' });
  gate.append('registry', { action: 'apply', town: townOf([], { admission: 'declared' }) });
  gate.at(now + 3_700_000);
  gate.tick(now + 3_701_000);
  await gate.process();
  const { rows } = await gate.store.deadLettersPage({ code: 'unknown-device', limit: 10 });
  expect(rows.map(({ item }) => item)).toEqual([1, 0]);
  expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 0, deadLetter: 2 });
  expect(await gate.store.recount()).toMatchObject({ stored: 0, deadLetter: 2 });
});

test('a row of an import that lies ahead is refused for good', async () => {
  const gate = await drive(townOf([{ id: 'b', type: 'generic' }]), now);
  const rows = { source: 'a.csv', columns: [{ quantity: 'temperature', spanMs: 0 }], at: [now, now + 3_600 * seconds], values: [[3, 4]], refused: [] };
  gate.append('import', rows, 'b');
  gate.tick(now + seconds);
  gate.tick(now + 7_200 * seconds);
  await gate.process();
  expect(gate.ledger().readings).toMatchObject({ accepted: 2, stored: 1, deadLetter: 1 });
  const letters = await gate.store.deadLettersPage({ limit: 10 });
  expect(letters.rows.map(({ code, version }) => [code, version])).toEqual([['time-out-of-range', 0]]);
});
