/** Alarms: raised late enough, together where they have one cause, answered, latched, shelved, known; the same after a crash. */
import { describe, expect, it } from 'vitest';
import type { Alarm, AlarmAction } from '../../core/alarm.ts';
import { minuteMs } from '../../core/time.ts';
import { alarmRuleOf } from '../../processors/alarm-rules.ts';
import { floodAlarms } from '../../processors/alarms.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const opened = Date.parse('2026-03-02T08:00:00Z');
const start = opened + 1_000;
const person = { by: 'Camille', comment: '' };

/** A town of temperature sensors, which are out of range at 900 °C and silent after some minutes. */
const townWith = async (count: number, more: object = {}): Promise<Drive> => {
  const devices = Array.from({ length: count }, (_, n) => ({ id: `room-${n}`, type: 'room-sensor', ...more }));
  const gate = await drive(townOf(devices, { sites: [{ id: 'school', name: 'School', owner: 'public' }] }), opened);
  gate.tick(start);
  return gate;
};

/** At a time of its own: another value at the same time would be a correction. */
const say = (gate: Drive, n: number, temperature: number): void => gate.send(`room-${n}`, { ts: gate.now() + gate.log.length, values: { temperature } });
const act = (gate: Drive, action: AlarmAction): void => gate.append('command', { action: 'alarm', alarm: action });
const listed = async (gate: Drive, open = true): Promise<readonly Alarm[]> => {
  await gate.process();
  return (await gate.store.alarms({ open, limit: 100 })).rows;
};
const only = async (gate: Drive, open = true): Promise<Alarm> => {
  const [one, ...others] = await listed(gate, open);
  expect(others).toEqual([]);
  return one as Alarm;
};
/** Lets minutes pass, in which every sensor says something usual but for those that are named. */
const pass = (gate: Drive, minutes: number, sensors: readonly number[]): void => {
  for (let minute = 0; minute < minutes; minute++) {
    gate.tick(gate.now() + minuteMs, minuteMs / 15);
    for (const n of sensors) say(gate, n, 20);
  }
};

describe('alarms', () => {
  it('go from active through acknowledged to normal, and say who answered', async () => {
    const gate = await townWith(1);
    pass(gate, 2, [0]);
    gate.tick(gate.now() + minuteMs);
    say(gate, 0, 900);
    const raised = await only(gate);
    expect(raised).toMatchObject({
      cause: 'device/room-0/out-of-range',
      state: 'active',
      priority: 'medium',
      anomalies: 1,
      lasting: 1,
      until: null,
      version: 0,
    });
    expect(raised.reason.fr).toContain('hors de la plage');
    act(gate, { do: 'acknowledge', alarm: raised.id, by: 'Camille', comment: 'on my way' });
    const answeredAt = gate.now();
    expect(await only(gate)).toMatchObject({ state: 'acknowledged', acknowledged: { by: 'Camille', comment: 'on my way', at: answeredAt } });
    pass(gate, 1, [0]);
    const overAt = gate.now();
    pass(gate, 4, [0]);
    expect(await only(gate)).toMatchObject({ state: 'acknowledged', lasting: 0 });
    pass(gate, 1, [0]);
    expect(await listed(gate)).toEqual([]);
    expect(await only(gate, false)).toMatchObject({ id: raised.id, state: 'normal', until: overAt });
  });

  it('that are latched stay until somebody has answered; others end by themselves', async () => {
    expect([alarmRuleOf('out-of-range')?.isLatched, alarmRuleOf('silent')?.isLatched]).toEqual([true, false]);
    const gate = await townWith(1);
    say(gate, 0, 900);
    pass(gate, 10, [0]);
    const over = await only(gate);
    expect(over).toMatchObject({ state: 'returned', until: start + minuteMs });
    act(gate, { do: 'acknowledge', alarm: over.id, ...person });
    expect(await only(gate, false)).toMatchObject({ id: over.id, state: 'normal', acknowledged: { by: 'Camille' } });
  });

  it('begin again where the cause comes back before they have ended, and are others after it', async () => {
    const gate = await townWith(1);
    say(gate, 0, 900);
    const { id } = await only(gate);
    pass(gate, 3, [0]);
    say(gate, 0, 901);
    pass(gate, 2, [0]);
    expect(await only(gate)).toMatchObject({ id, state: 'active', anomalies: 2 });
    pass(gate, 9, [0]);
    expect(await only(gate)).toMatchObject({ id, state: 'returned' });
    say(gate, 0, 902);
    expect(await only(gate)).toMatchObject({ id, state: 'active', until: null, anomalies: 3 });
    act(gate, { do: 'acknowledge', alarm: id, ...person });
    pass(gate, 9, [0]);
    say(gate, 0, 903);
    expect((await only(gate)).id).not.toBe(id);
  });

  it('of a whole site that goes silent are one, and only when it lasts', async () => {
    const gate = await townWith(12, { site: 'school', intervalMs: minuteMs });
    const sensors = Array.from({ length: 12 }, (_, n) => n);
    pass(gate, 5, sensors);
    gate.tick(gate.now() + 4 * minuteMs, 4_000);
    expect(await listed(gate)).toEqual([]);
    gate.tick(gate.now() + 60 * minuteMs, 4_000);
    expect(await only(gate)).toMatchObject({ cause: 'site/school/silent', site: 'school', anomalies: 12, lasting: 12 });
    pass(gate, 2, sensors.slice(1));
    expect(await only(gate)).toMatchObject({ lasting: 1, state: 'active' });
    pass(gate, 3, sensors);
    expect(await listed(gate)).toEqual([]);
  });

  it('of devices behind one gateway are the gateway’s', async () => {
    const gate = await drive(
      townOf(
        [0, 1].map((n) => ({ id: `room-${n}`, type: 'room-sensor', via: ['concentrator'], intervalMs: minuteMs })),
        {
          gateways: [{ id: 'concentrator', secretSha256: '0'.repeat(64) }],
        },
      ),
      start,
    );
    for (const n of [0, 1]) gate.send(`room-${n}`, { ts: gate.now(), values: { temperature: 20 } }, { sender: 'concentrator' });
    gate.tick(gate.now() + 90 * minuteMs, 4_000);
    expect(await only(gate)).toMatchObject({ cause: 'sender/concentrator/silent', anomalies: 2 });
  });

  it('beyond what a person can answer are marked as a flood', async () => {
    const gate = await townWith(floodAlarms + 3);
    for (let n = 0; n < floodAlarms + 3; n++) say(gate, n, 900);
    const alarms = await listed(gate);
    expect(alarms.filter(({ flood }) => !flood)).toHaveLength(floodAlarms);
    expect(alarms.filter(({ flood }) => flood)).toHaveLength(3);
    pass(gate, 11, []);
    gate.send('new', { ts: gate.now(), values: { temperature: 9_000 } });
    expect((await listed(gate)).at(0)).toMatchObject({ subject: 'new', flood: false });
  });

  it('are shelved for a time, and come back by themselves', async () => {
    const gate = await townWith(1);
    say(gate, 0, 900);
    const { id } = await only(gate);
    act(gate, { do: 'shelve', alarm: id, ...person, minutes: 3 });
    expect(await only(gate)).toMatchObject({ shelved: { by: 'Camille', until: start + 3 * minuteMs } });
    gate.tick(gate.now() + 4 * minuteMs, 4_000);
    expect(await only(gate)).toMatchObject({ shelved: null, state: 'active' });
    act(gate, { do: 'shelve', alarm: id, ...person, minutes: 30 });
    act(gate, { do: 'unshelve', alarm: id, ...person });
    expect(await only(gate)).toMatchObject({ shelved: null });
  });

  it('whose cause is known are not raised again, until that is ended; labels stay, also of what is over', async () => {
    const gate = await townWith(2);
    say(gate, 0, 900);
    const { id, cause } = await only(gate);
    act(gate, { do: 'label', alarm: id, ...person, verdict: 'known' });
    act(gate, { do: 'acknowledge', alarm: id, ...person });
    pass(gate, 9, [0]);
    expect(await listed(gate)).toEqual([]);
    say(gate, 0, 905);
    expect(await listed(gate)).toEqual([]);
    expect(gate.pipeline.alarmExceptions()).toEqual([{ cause, held: 1, by: 'Camille', comment: '', at: start }]);
    act(gate, { do: 'label', alarm: id, by: 'Alix', comment: 'it was the oven', verdict: 'wrong' });
    expect(await only(gate, false)).toMatchObject({ id, state: 'normal', label: { verdict: 'wrong', by: 'Alix', comment: 'it was the oven' } });
    act(gate, { do: 'end-exception', cause, ...person });
    pass(gate, 9, [0]);
    say(gate, 0, 906);
    expect(await only(gate)).toMatchObject({ cause, state: 'active' });
  });

  it('of high priority are never part of a flood', async () => {
    const gate = await townWith(floodAlarms);
    for (let n = 0; n < floodAlarms; n++) say(gate, n, 900);
    gate.append('tick', { wall: gate.now() + 7_200_000, up: 1, qos0Dropped: 0, held: 0, connections: 0, diskFreeBytes: -1 });
    expect((await listed(gate)).find(({ kind }) => kind === 'clock-step')).toMatchObject({ priority: 'high', flood: false });
  });

  it('put out their numbers once a minute at the most', async () => {
    const gate = await townWith(1);
    for (let n = 0; n < 600; n++) {
      say(gate, 0, n % 2 === 0 ? 900 : 20);
      gate.tick(gate.now() + 1_000);
    }
    expect((await only(gate)).version).toBeLessThanOrEqual(11);
    expect((await only(gate)).anomalies).toBeGreaterThan(250);
  });

  it('end with the device that leaves the town', async () => {
    const gate = await townWith(2, { site: 'school', intervalMs: minuteMs });
    pass(gate, 2, [0, 1]);
    pass(gate, 60, [1]);
    expect(await only(gate)).toMatchObject({ cause: 'site/school/silent', lasting: 1 });
    gate.append('registry', {
      action: 'apply',
      town: townOf([{ id: 'room-1', type: 'room-sensor', site: 'school' }], { sites: [{ id: 'school', name: 'School', owner: 'public' }] }),
    });
    pass(gate, 3, [1]);
    expect(await listed(gate)).toEqual([]);
  });

  it('come when an exception ends, of what still lasts; so does another verdict than known', async () => {
    const gate = await townWith(1);
    say(gate, 0, 900);
    const { id, cause } = await only(gate);
    act(gate, { do: 'label', alarm: id, ...person, verdict: 'known' });
    act(gate, { do: 'acknowledge', alarm: id, ...person });
    pass(gate, 9, [0]);
    say(gate, 0, 905);
    expect(await listed(gate)).toEqual([]);
    await gate.checkpoint();
    await gate.crash();
    act(gate, { do: 'end-exception', cause, ...person });
    const again = await only(gate);
    expect(again).toMatchObject({ cause, state: 'active', lasting: 1 });
    act(gate, { do: 'label', alarm: again.id, ...person, verdict: 'known' });
    act(gate, { do: 'label', alarm: again.id, ...person, verdict: 'wrong' });
    await gate.process();
    expect(gate.pipeline.alarmExceptions()).toEqual([]);
  });

  it('are not made of what an import found: it is history', async () => {
    const gate = await townWith(1, { imported: true });
    say(gate, 0, 900);
    pass(gate, 2, []);
    expect(await listed(gate)).toEqual([]);
    expect((await gate.store.anomalies({ open: true, limit: 9 })).rows).toHaveLength(1);
  });

  it('are not moved by what is no action, nor by one on an alarm that is not there', async () => {
    const gate = await townWith(1);
    say(gate, 0, 900);
    const before = await only(gate);
    act(gate, { do: 'acknowledge', alarm: 'device/none/stuck/1', ...person });
    act(gate, { do: 'label', alarm: 'device/none/stuck/1', ...person, verdict: 'right' });
    gate.append('command', { action: 'alarm', alarm: { do: 'delete', alarm: before.id } });
    expect(await only(gate)).toEqual(before);
    expect((await gate.store.deadLettersPage({ code: 'bad-request', limit: 9 })).rows).toHaveLength(1);
  });

  it('are the same whatever is lost in a crash', async () => {
    const play = async (crashes: boolean): Promise<unknown> => {
      const gate = await townWith(3, { site: 'school', intervalMs: minuteMs });
      for (let round = 0; round < 12; round++) {
        say(gate, round % 3, round % 4 === 0 ? 900 : 20);
        gate.tick(gate.now() + (round === 7 ? 50 : 2) * minuteMs, 4_000);
        if (round === 5) {
          const [first] = await listed(gate);
          act(gate, { do: 'acknowledge', alarm: (first as Alarm).id, ...person });
        }
        await gate.process();
        if (crashes && round % 3 === 0) await gate.checkpoint();
        if (crashes) await gate.crash();
      }
      gate.tick(gate.now() + 20 * minuteMs, 4_000);
      await gate.process();
      const lines: string[] = [];
      for await (const line of gate.store.dump()) if (line.includes('"table":"alarms"')) lines.push(line);
      expect(lines.length).toBeGreaterThan(8);
      return lines;
    };
    expect(await play(true)).toEqual(await play(false));
  });
});
