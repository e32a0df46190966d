/** Alarms over HTTP: listed, answered by the API and by the form of their page, and homes that are not named. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alarm as alarmRoute } from '../../dashboards/api/alarm.ts';
import type { shownAlarm } from '../../dashboards/api/alarms.ts';
import { end, host, own, say, type TestTown, testTown } from './town.ts';

type Shown = ReturnType<typeof shownAlarm>;

let town: TestTown;
beforeEach(async () => {
  town = await testTown();
  town.gate.at(end + 1_000);
  for (const subject of ['mairie-gas', 'linky-1'])
    say(town.gate, subject, { ts: end + 1_000, values: { [subject === 'linky-1' ? 'active_power' : 'flow']: 1e6 } });
  await town.commit();
});
afterEach(() => town.close());

const listed = async (query = ''): Promise<{ alarms: Shown[]; exceptions: { cause: string; held: number }[] }> =>
  (await town.app.inject({ url: `/api/v1/alarms${query}`, headers: host })).json();
const ofTownHall = async (query = ''): Promise<Shown> => {
  const found = (await listed(query)).alarms.find(({ cause }) => cause === 'device/mairie-gas/out-of-range');
  expect(found).toBeDefined();
  return found as Shown;
};
const act = (payload: object, headers: Record<string, string> = own) => town.app.inject({ method: 'POST', url: '/api/v1/alarms/actions', headers, payload });
const person = { by: 'Camille', comment: 'on my way' };

describe('the API', () => {
  it('lists what is open, takes an answer, and shows it', async () => {
    const alarm = await ofTownHall();
    expect(alarm).toMatchObject({ state: 'active', priority: 'medium', device: 'mairie-gas', site: 'mairie', anomalies: 1, lasting: 1, acknowledged: null });
    const answer = await act({ do: 'acknowledge', alarm: alarm.id, ...person });
    expect([answer.statusCode, Object.keys(answer.json())]).toEqual([200, ['envelope']]);
    expect(await ofTownHall()).toMatchObject({ state: 'acknowledged', acknowledged: { by: 'Camille', comment: 'on my way' } });
    await act({ do: 'shelve', alarm: alarm.id, ...person, minutes: 90 });
    expect((await ofTownHall()).shelved?.until).toBe(new Date(end + 1_000 + 90 * 60_000).toISOString());
    await act({ do: 'label', alarm: alarm.id, ...person, verdict: 'known' });
    const cause = 'device/mairie-gas/out-of-range';
    expect((await listed()).exceptions).toMatchObject([{ cause, held: 0, by: 'Camille' }]);
    await act({ do: 'end-exception', cause, by: 'Alix' });
    expect((await listed()).exceptions).toEqual([]);
    expect((await listed('?state=closed')).alarms).toEqual([]);
    expect((await listed('?state=all&limit=1')).alarms).toHaveLength(1);
  });

  it.each([
    [{ do: 'acknowledge', alarm: 'device/none/stuck/1', by: 'Camille' }, 404, 'alarm'],
    [{ do: 'end-exception', cause: 'device/none/stuck', by: 'Camille' }, 404, 'cause'],
    [{ do: 'acknowledge', alarm: 'device/none/stuck/1' }, 400, 'by'],
    [{ do: 'shelve', alarm: 'x', by: 'Camille', minutes: 1e9 }, 400, 'minutes'],
    [{ do: 'delete', alarm: 'x', by: 'Camille' }, 400, 'do'],
    [{ do: 'acknowledge', alarm: 'x', by: 'C', comment: 'x'.repeat(501) }, 400, 'comment'],
  ])('refuses %j with %i', async (payload, status, where) => {
    const before = town.gate.log.length;
    const answer = await act(payload);
    expect([answer.statusCode, answer.json().field ?? answer.json().where ?? answer.body]).toEqual([status, expect.stringContaining(where)]);
    expect(town.gate.log.length).toBe(before);
  });

  it('takes no action from another site', async () => {
    const { id } = await ofTownHall();
    const before = town.gate.log.length;
    expect((await act({ do: 'acknowledge', alarm: id, ...person }, { ...own, origin: 'http://elsewhere.example' })).statusCode).toBe(403);
    expect(town.gate.log.length).toBe(before);
  });
});

describe('the verdicts', () => {
  const labels = async (query = '') => (await town.app.inject({ url: `/api/v1/alarms/labels${query}`, headers: host })).json();
  const csv = async (query = '') => town.app.inject({ url: `/api/v1/alarms/labels.csv${query}`, headers: host });

  it('are exported as JSON and as CSV, by pages', async () => {
    expect(await labels()).toEqual({ labels: [], next: null });
    expect((await csv()).body).toBe('alarm,kind,device,quantity,since,until,verdict,by,at,comment\r\n');
    const all = (await listed()).alarms.filter(({ kind }) => kind === 'out-of-range').map(({ id }) => id);
    expect(all).toHaveLength(2);
    for (const id of all) await act({ do: 'label', alarm: id, by: 'Camille', comment: '=1+1, "really"\nyes', verdict: 'wrong' });
    await act({ do: 'label', alarm: all[0], by: 'Alix', comment: '', verdict: 'right' });
    const first = await labels('?limit=1');
    expect(first.labels).toEqual([
      {
        alarm: all[0],
        kind: 'out-of-range',
        device: expect.any(String),
        quantity: expect.any(String),
        since: new Date(end + 1_000).toISOString(),
        until: null,
        verdict: 'right',
        by: 'Alix',
        at: expect.any(String),
        comment: '',
      },
    ]);
    const second = await labels(`?limit=1&after=${encodeURIComponent(first.next)}`);
    expect([second.labels[0].alarm, second.labels[0].verdict, second.next]).toEqual([all[1], 'wrong', null]);
    const file = await csv('?limit=1');
    expect([file.headers['content-type'], file.headers['content-disposition']]).toEqual(['text/csv; charset=utf-8', 'attachment; filename="alarm-labels.csv"']);
    const [, path = ''] = /^<(.+)>; rel="next"$/.exec(String(file.headers.link)) ?? [];
    const rest = await town.app.inject({ url: path, headers: host });
    // What a spreadsheet would take for a formula is none; quotes and lines stay what they are.
    expect(rest.body).toContain(`,wrong,Camille,${second.labels[0].at},"'=1+1, ""really""\nyes"\r\n`);
    expect(rest.headers.link).toBeUndefined();
  });
});

describe('the page', () => {
  const page = async (path = '/en/alarms'): Promise<string> => (await town.app.inject({ url: path, headers: host })).body;

  it('is answered without a script, in both languages', async () => {
    const { id } = await ofTownHall();
    const html = await page();
    expect(html).toContain(`<input type="hidden" name="alarm" value="${id}"/>`);
    const payload = new URLSearchParams({ alarm: id, by: 'Zoé <b>', comment: '', do: 'acknowledge', minutes: '60' }).toString();
    const headers = { ...own, 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await town.app.inject({ method: 'POST', url: '/fr/alarms/act', headers, payload });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/fr/alarms?answered']);
    const french = await page('/fr/alarms?answered');
    expect(french).toContain('Prise en compte par Zoé &lt;b>');
    expect(french).toContain('La réponse est dans le journal');
    const [, form = ''] = french.split(`value="${id}"`);
    expect(form.slice(0, form.indexOf('</form>'))).not.toContain('value="acknowledge"');
  });

  it('does nothing of a form that it cannot answer', async () => {
    const { id } = await ofTownHall();
    const form = { alarm: id, by: 'Camille', comment: '', do: 'acknowledge' };
    for (const wrong of [{ back: '\ud800' }, { back: 'x'.repeat(60_000) }, { back: '' }, { back: 1 }, { do: 1 }]) {
      const answer = await town.app.inject({ method: 'POST', url: '/fr/alarms/act', headers: own, payload: { ...form, ...wrong } });
      expect([wrong, answer.statusCode]).toEqual([wrong, 400]);
    }
    expect((await ofTownHall()).state).toBe('active');
  });

  it('of each alarm says something in both languages, whatever its kind; of homes nothing', async () => {
    const { gate } = town;
    gate.tick(end + 3 * 3_600_000, 5_000);
    // A clock that was set.
    gate.append('tick', { wall: gate.now() + 7_200_000, up: 1, qos0Dropped: 0, held: 0, connections: 0, diskFreeBytes: -1 });
    gate.tick(gate.now() + 60_000);
    await town.commit();
    const { alarms: all } = await listed('?state=all');
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['out-of-range', 'silent', 'stuck', 'clock-step']));
    for (const { id, device } of all) {
      // Operators are told of homes too, by the API.
      const told = await town.app.inject({ url: `/api/v1/alarms/one?id=${encodeURIComponent(id)}`, headers: host });
      expect([id, told.statusCode, alarmRoute.answer?.safeParse(told.json()).error?.message]).toEqual([id, 200, undefined]);
      for (const language of ['fr', 'en']) {
        const answer = await town.app.inject({ url: `/${language}/alarms/one?id=${encodeURIComponent(id)}`, headers: host });
        expect([id, answer.statusCode]).toEqual([id, device.startsWith('linky') ? 404 : 200]);
        expect(answer.body).not.toMatch(/(undefined|NaN|\[object|linky-\d+<)/);
      }
    }
  });

  it('names no home that has left the town', async () => {
    const home = (await listed()).alarms.find(({ device }) => device === 'linky-1');
    await act({ do: 'label', alarm: home?.id ?? '', by: 'C', comment: 'the Duponts are away', verdict: 'known' });
    expect(await page()).not.toContain('Dupont');
    const now = await town.views.town();
    await town.views.change({
      action: 'apply',
      town: { ...now, sites: now.sites.filter(({ id }) => id !== 'residence-1'), devices: now.devices.filter(({ id }) => id !== 'linky-1') },
    });
    const html = await page();
    expect(html).not.toMatch(/linky-1|residence-1|Dupont/);
  });

  it('names no home, and lets nobody answer for one', async () => {
    const homes = (await listed()).alarms.filter(({ device }) => device.startsWith('linky'));
    expect(homes).toHaveLength(1);
    for (const path of ['/en/alarms', '/fr/alarms']) expect(await page(path)).not.toContain('linky-1');
  });
});
