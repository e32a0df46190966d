import { describe, expect, test } from 'vitest';
import { gateTown, type Known } from '../../cli/gate/town.ts';
import { resolveConfig } from '../../config.ts';
import type { RegistryChange } from '../../core/envelope.ts';
import type { FailureError } from '../../core/failure.ts';
import type { Town } from '../../core/town.ts';
import { type Drive, drive, townOf } from '../drive.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const now = Date.parse('2026-04-07T10:00:00Z');
const secretSha256 = 'a'.repeat(64);
const town = (admission: Town['admission']): Town =>
  townOf([{ id: 'other', type: 'generic' }], { admission, gateways: ['gw-1', 'gw-2', 'gw-3'].map((id) => ({ id, secretSha256 })) });
const say = (gate: Drive, minute: number, sender: string): void => gate.send('b', { ts: now - minute * 60_000, values: { temperature: minute } }, { sender });
const knownOf = ({ pipeline }: Drive): Known => ({ adopted: pipeline.adopted(), past: pipeline.past() });
const viaOf = (gate: Drive) => gate.pipeline.town().devices.find(({ id }) => id === 'b')?.via;

describe('a device that spoke through gateways', () => {
  test('is adopted with them: what waited is stored, and they may go on', async () => {
    const gate = await drive(town('declared'), now);
    for (const [minute, sender] of ['gw-2', 'gw-1', '', 'gw-2', 'other'].entries()) say(gate, 10 - minute, sender);
    gate.append('registry', { action: 'adopt', device: { id: 'b', type: 'generic' } });
    await gate.process();
    expect(viaOf(gate)).toEqual(['gw-1', 'gw-2']);
    say(gate, 2, 'gw-1');
    say(gate, 1, 'gw-3');
    gate.tick(now + 4_000);
    await gate.process();
    await gate.checkpoint();
    await gate.crash();
    expect(viaOf(gate)).toEqual(['gw-1', 'gw-2']);
    // Another device that spoke in its name, and a gateway that was never heard, stay foreign.
    expect(gate.ledger().readings).toMatchObject({ stored: 5, deadLetter: 2 });
    const { rows } = await gate.store.deadLettersPage({ code: 'foreign-device', limit: 10 });
    expect(rows.map(({ sender }) => sender)).toEqual(['gw-3', 'other']);
  });

  test('and by itself: what came without its secret stays out, and says so', async () => {
    const gate = await drive(town('declared'), now);
    say(gate, 3, '');
    say(gate, 2, 'gw-1');
    gate.append('registry', { action: 'adopt', device: { id: 'b', type: 'generic', secretSha256 } });
    await gate.process();
    expect(gate.ledger().readings).toMatchObject({ stored: 1, deadLetter: 1 });
    const { rows } = await gate.store.deadLettersPage({ code: 'foreign-device', limit: 10 });
    expect(rows.map(({ sender, message }) => [sender, message])).toEqual([['', '"b" has a secret, and who sent it did not show it']]);
  });

  test('is declared: what waited of it is stored, and from then on it gives its name', async () => {
    const gate = await drive(town('declared'), now);
    say(gate, 3, '');
    gate.append('registry', { action: 'apply', town: { ...town('declared'), devices: [{ id: 'b', type: 'generic' }] } });
    say(gate, 2, 'b');
    say(gate, 1, '');
    gate.tick(now + 4_000);
    await gate.process();
    expect(gate.ledger().readings).toMatchObject({ stored: 2, deadLetter: 1 });
    const { rows } = await gate.store.deadLettersPage({ code: 'foreign-device', limit: 10 });
    expect(rows.map(({ message }) => message)).toEqual(['who sent it did not give the name "b"']);
  });

  test('keeps those that it is adopted with', async () => {
    const gate = await drive(town('declared'), now);
    say(gate, 1, 'gw-1');
    gate.append('registry', { action: 'adopt', device: { id: 'b', type: 'generic', via: ['gw-3', 'gw-1'] } });
    await gate.process();
    expect(viaOf(gate)).toEqual(['gw-3', 'gw-1']);
  });

  test('is adopted alike by an open town: once that is closed, its gateway may go on', async () => {
    const gate = await drive(town('open'), now);
    say(gate, 3, 'gw-1');
    gate.append('registry', { action: 'apply', town: town('declared') });
    say(gate, 2, 'gw-1');
    say(gate, 1, 'gw-2');
    gate.tick(now + 4_000);
    await gate.process();
    expect(viaOf(gate)).toEqual(['gw-1']);
    expect(gate.ledger().readings).toMatchObject({ stored: 2, deadLetter: 1 });
  });
});

describe('what is no device', () => {
  const faults: [unknown, RegExp, string][] = [
    [{ id: 'b', type: 'toaster' }, /no device type "toaster"; there are/, 'type'],
    [{ id: 'b b', type: 'generic' }, /letters, digits/, 'id'],
    [{ id: 'b', type: 'generic', site: 'nowhere' }, /no site "nowhere"/, 'site'],
    [{ id: 'b', type: 'generic', colour: 'red' }, /colour/, 'device'],
    [null, /object/, 'device'],
  ];
  test.each(faults)('%j is a dead letter of its command', async (device, message, field) => {
    const gate = await drive(town('declared'), now);
    say(gate, 1, '');
    gate.append('registry', { action: 'adopt', device });
    await gate.process();
    const { rows } = await gate.store.deadLettersPage({ code: 'bad-request', limit: 10 });
    expect(rows.map((letter) => [letter.offset, letter.field])).toEqual([[gate.log.length - 1, field]]);
    expect(rows[0]?.message).toMatch(message);
    expect(viaOf(gate)).toBeUndefined();
    expect(gate.ledger().readings).toMatchObject({ stored: 0, deadLetter: 2 });
  });

  test.each(faults)('%j is refused by the gate: nothing comes into the log', async (device, message, field) => {
    const changes: RegistryChange[] = [];
    const { config } = resolveConfig({ data: 'nowhere' }, {});
    const held = gateTown({ config, town: town('declared'), append: async (change) => changes.push(change) });
    const refused = await held.change({ action: 'adopt', device }).then(
      () => null,
      (error: FailureError) => error.failure,
    );
    expect(refused).toMatchObject({ code: 'bad-request', message: expect.stringMatching(message), where: field });
    expect(changes).toEqual([]);
  });
});

describe("an operator's name", () => {
  const operators = [{ id: 'desk', secretSha256 }];
  const desk = (gate: Drive): boolean => gate.pipeline.town().devices.some(({ id }) => id === 'desk');

  test.each(['open', 'declared'] as const)('is no device: %s', async (admission) => {
    const gate = await drive(townOf([], { admission, operators }), now);
    gate.send('desk', { ts: now - 60_000, values: { temperature: 20 } });
    gate.append('registry', { action: 'adopt', device: { id: 'desk', type: 'generic' } });
    await gate.process();
    expect(desk(gate)).toBe(false);
    const { rows } = await gate.store.deadLettersPage({ limit: 10 });
    expect(rows.map(({ code, field, message }) => [code, field, message]).sort()).toEqual([
      ['bad-request', 'id', 'not a device that can be adopted: "desk" is an operator: a device needs a name of its own'],
      ['unknown-device', '', admission === 'open' ? '"desk" is an operator: a device needs a name of its own' : 'no device "desk" is declared'],
    ]);
    // Once no operator has it, it is a name like any other, and what waited is stored.
    gate.append('registry', { action: 'apply', town: townOf([{ id: 'desk', type: 'generic' }], { admission }) });
    await gate.process();
    expect([desk(gate), gate.ledger().readings.stored]).toEqual([true, 1]);
  });

  test('is given by no town file to what was adopted under it', async () => {
    const gate = await drive(townOf([], { admission: 'open' }), now);
    gate.send('desk', { ts: now - 60_000, values: { temperature: 20 } });
    await gate.process();
    const data = temporaryFolder();
    const { config } = resolveConfig({ data }, {});
    const changes: RegistryChange[] = [];
    const held = gateTown({ config, town: townOf([]), append: async (change) => changes.push(change), known: async () => knownOf(gate) });
    await expect(held.apply(townOf([], { admission: 'declared', operators }))).rejects.toThrow('operator "desk": a device was adopted under that name');
    expect(changes).toEqual([]);
  });
});

describe('a device that is adopted, then declared in another zone', () => {
  const declared = (zone: string): Town =>
    townOf([{ id: 'b', type: 'generic', site: 'hall' }], { admission: 'declared', sites: [{ id: 'hall', name: 'Hall', owner: 'public', zone }] });
  const fault = 'device "b" keeps the days of Europe/Paris, and its figures are stored by them: in America/New_York it needs another id';
  const adopted = async (): Promise<Drive> => {
    const gate = await drive(town('declared'), now);
    say(gate, 10, '');
    gate.append('registry', { action: 'adopt', device: { id: 'b', type: 'generic' } });
    await gate.process();
    return gate;
  };

  test('is refused by the gate, which asks the plant for it', async () => {
    const gate = await adopted();
    const data = temporaryFolder();
    const changes: RegistryChange[] = [];
    const { config } = resolveConfig({ data }, {});
    const held = gateTown({ config, town: town('declared'), append: async (change) => changes.push(change), known: async () => knownOf(gate) });
    await expect(held.apply(declared('America/New_York'))).rejects.toThrow(fault);
    expect(changes).toEqual([]);
    await held.apply(declared('Europe/Paris'));
    expect(changes.length).toBe(1);
  });

  test('stays as it was adopted where the gate could not ask: its days go on, and the books say why', async () => {
    const gate = await adopted();
    gate.append('registry', { action: 'apply', town: declared('America/New_York') });
    say(gate, 5, 'b'); // it is known at the door
    gate.tick(now + 40 * 86_400_000, 20 * 86_400_000);
    await gate.process();
    const { rows } = await gate.store.deadLettersPage({ code: 'town-invalid', limit: 10 });
    expect(rows.map(({ field, message }) => [field, message])).toEqual([['b', fault]]);
    expect(gate.pipeline.town().devices).toEqual([{ id: 'b', type: 'generic' }]);
    const days = await gate.panes('b', 'temperature', 'P1D');
    expect(days.map(({ start, count }) => [new Date(start).toISOString(), count])).toEqual([['2026-04-06T22:00:00.000Z', 2]]);
    gate.append('registry', { action: 'apply', town: declared('Europe/Paris') });
    await gate.process();
    expect(gate.pipeline.town().devices).toEqual([{ id: 'b', type: 'generic', site: 'hall' }]);
  });
});
