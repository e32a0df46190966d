/** An alarm's own page: its figures, the curve with what was usual, kWh and euros, past cases, in both languages; and homes that have none. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alarm } from '../../core/alarm.ts';
import { dayMs, hourMs } from '../../core/time.ts';
import { townSchema } from '../../core/town.ts';
import { httpApp } from '../../dashboards/http.ts';
import { loadAround } from '../../dashboards/web/load/around.ts';
import { distance } from '../../dashboards/web/load/cases.ts';
import { kindFacts } from '../../dashboards/web/load/kinds.ts';
import { messages } from '../../dashboards/web/text/messages.ts';
import { detectors } from '../../processors/detect/registry.ts';
import { type Drive, drive } from '../drive.ts';
import { anomaly as anomalyRow } from '../stores/rows.ts';
import { axeFinds, desktop, fits, isMissing, launched, phone, visit as visitIn } from './chromium.ts';
import { host, own, say, types, viewsOver } from './town.ts';

/** Monday, midnight in Paris. */
const start = Date.parse('2026-01-04T23:00:00Z');
const days = 44;
/** The hours at which a device uses far more than ever: day, hour. */
const surges: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  'mairie-elec': [
    [24, 3],
    [33, 3],
    [42, 3],
  ],
  'mairie-two': [[35, 3]],
  'ecole-elec': [[34, 3]],
  'home-elec': [
    [24, 3],
    [42, 3],
  ],
};

const town = townSchema.parse({
  name: 'Issy-les-Moulineaux',
  zone: 'Europe/Paris',
  sites: [
    { id: 'mairie', name: 'Mairie', use: 'office', owner: 'public' },
    { id: 'ecole', name: 'École', use: 'school', owner: 'public' },
    { id: 'home', name: 'Maison', use: 'housing', owner: 'residential' },
  ],
  devices: Object.keys(surges).map((id) => ({
    id,
    type: 'submeter',
    site: id === 'mairie-two' ? 'mairie' : id.split('-')[0],
    intervalMs: hourMs,
  })),
  tariffs: { electricityEurPerKWh: 0.2, gasEurPerKWh: 0.1, heatEurPerKWh: 0.12 },
  co2: { electricityGPerKWh: 32.2, gasGPerKWh: 227, heatGPerKWh: 110 },
});

/** 10 kWh an hour by day, 4 by night, a little more or less; three to five times as much in a surge, the last one the highest. */
const used = (id: string, hour: number): number => {
  const [day, of] = [Math.floor(hour / 24), hour % 24];
  const usual = (of >= 7 && of < 20 ? 10 : 4) + ((hour * 7) % 11) / 10;
  const surge = surges[id]?.findIndex(([when, at]) => when === day && of >= at && of < at + 2) ?? -1;
  return surge < 0 ? usual : 30 + 12 * surge;
};

let gate: Drive;
let app: Awaited<ReturnType<typeof httpApp>>;
let alarms: readonly Alarm[];
beforeAll(async () => {
  gate = await drive(town, start);
  const registers = new Map(Object.keys(surges).map((id) => [id, 1_000]));
  for (let hour = 0; hour <= days * 24; hour++) {
    const at = start + hour * hourMs;
    gate.at(at);
    // The school's meter is changed for another one.
    if (hour === 40 * 24 + 10) registers.set('ecole-elec', 5);
    for (const [id, register] of registers) {
      say(gate, id, { ts: at, values: { active_energy_import: Math.round(register * 1_000) / 1_000 } });
      registers.set(id, register + used(id, hour));
    }
    gate.tick(at + 30 * 60_000, 30 * 60_000);
  }
  const { views, commit } = viewsOver(gate);
  app = await httpApp({ host: '127.0.0.1', port: 0, logLevel: 'fatal', views, types, clock: () => gate.now() });
  await commit();
  alarms = (await views.alarms({ limit: 1_000 })).rows;
});
afterAll(() => app.close());

/** The last alarm of a device about consumption. */
const alarmOf = (id: string): Alarm => {
  const found = alarms.find(({ subject, kind }) => subject === id && kindFacts[kind].doubts === 'consumption');
  expect(found, `an alarm of ${id} among ${alarms.map((one) => one.id).join(', ')}`).toBeDefined();
  return found as Alarm;
};
const page = async (id: string, language = 'en') => app.inject({ url: `/${language}/alarms/one?id=${encodeURIComponent(id)}`, headers: host });
const one = async (id: string) => app.inject({ url: `/api/v1/alarms/one?id=${encodeURIComponent(id)}`, headers: host });
const text = (html: string): string =>
  html
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/[\s\u00a0\u202f]+/g, ' ');

describe('the page of an alarm', () => {
  it('says what was seen, what is usual, and what it comes to', async () => {
    const alarm = alarmOf('mairie-elec');
    const answer = await page(alarm.id);
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const said = text(answer.body);
    expect(said).toContain(alarm.reason.en.slice(0, 20));
    expect(said).toMatch(/Observed \d+(\.\d+)? kWh an hour/);
    expect(said).toMatch(/more than at the same hours of the four weeks before \(their median\), in \d+ h, \+€\d+\.\d\d at the town’s tariff/);
    expect(said).toMatch(/What to look at first .*?(schedule|unit)/);
    expect(answer.body.match(/<h1/g)).toHaveLength(1);
    expect(answer.body).not.toMatch(/ style="| onclick=|<style|undefined|NaN|\[object/);
    // Two rows of the twin hold the surge, in kW.
    expect(said).toMatch(/Values of the curve: mairie-elec, .+? \(kW\)/);
    expect(answer.body.match(/<tr><th scope="row"><time[^>]*>[^<]*<\/time><\/th><td>54\.000<\/td>/g)).toHaveLength(2);
  });

  it('counts kWh, euros and CO₂ from the panes: twice 54 instead of what the same hours had', async () => {
    const { id } = alarmOf('mairie-elec');
    const match = /\+(\d+(?:\.\d+)?) kWh more than .+?, in (\d+) h, \+€(\d+\.\d\d)/.exec(text((await page(id)).body));
    const [kWh, hours, eur] = (match ?? []).slice(1).map(Number) as [number, number, number];
    // 54 − (4 to 5) in two hours; the other hours that it lasted differ by less than 1.1 kWh.
    expect(kWh).toBeGreaterThan(2 * (54 - 5.1) - 1.1 * (hours - 2));
    expect(kWh).toBeLessThan(2 * (54 - 4) + 1.1 * (hours - 2));
    expect(Math.abs(eur - kWh * 0.2)).toBeLessThan(0.15);
    const [kg] = (/tariff, \+(\d+(?:\.\d+)?) kg of CO₂ equivalent/.exec(text((await page(id)).body)) ?? []).slice(1).map(Number) as [number];
    expect(Math.abs(kg - kWh * 0.0322)).toBeLessThan(0.06);
    expect(text((await page(id, 'fr')).body)).toMatch(/tarif de la commune, \+\d+(,\d+)? kg d’équivalent CO₂/);
  });

  it('is there in French, and leads back to the list', async () => {
    const answer = await page(alarmOf('mairie-elec').id, 'fr');
    const said = text(answer.body);
    for (const words of ['Ce qui a été vu', 'Autour de ce moment', 'À regarder d’abord', 'Cas passés semblables', 'au tarif de la commune'])
      expect(said).toContain(words);
    expect(answer.body).toContain('href="/fr/alarms"');
    expect(answer.body).toContain('<html lang="fr">');
  });

  it('shows the most similar past cases: the same device first, then its site, then its type; with the verdict on them', async () => {
    const earlier = alarms.filter(({ subject, kind }) => subject === 'mairie-elec' && kindFacts[kind].doubts === 'consumption').at(1);
    const form = new URLSearchParams({ alarm: earlier?.id ?? '', back: earlier?.id ?? '', by: 'Camille', comment: 'a test of the oven', do: 'label-right' });
    const headers = { ...own, 'content-type': 'application/x-www-form-urlencoded' };
    const answered = await app.inject({ method: 'POST', url: '/en/alarms/act', headers, payload: form.toString() });
    expect(answered.headers.location).toBe(`/en/alarms/one?id=${encodeURIComponent(earlier?.id ?? '')}&answered`);
    const { body } = await app.inject({ url: `/en/alarms/one?id=${encodeURIComponent(alarmOf('mairie-elec').id)}&x`, headers: host });
    const cases = body.slice(body.indexOf('id="cases"'));
    const near = [...cases.matchAll(/<span class="tag">([^<]+)<\/span><strong>([^<]+)</g)].map(([, nearness, device]) => `${nearness} ${device}`);
    expect(near).toEqual(['same device mairie-elec', 'same device mairie-elec', 'same site mairie-two']);
    expect(text(cases)).toContain('Verdict of Camille: right (“a test of the oven”)');
    expect(cases).not.toContain('home-elec');
  });

  it('is there for programs: the figures, the curve with its band, similar cases', async () => {
    const { id } = alarmOf('mairie-elec');
    const told = (await one(id)).json();
    expect(told.alarm).toMatchObject({ id, device: 'mairie-elec', state: 'normal' });
    expect(told.judged).toMatchObject({ unit: 'kW.h', per_hour: true, observed: 54 });
    const [kWh] = (/\+(\d+(?:\.\d+)?) kWh more than/.exec(text((await page(id)).body)) ?? []).slice(1).map(Number);
    expect(Math.abs(told.difference.kwh - (kWh ?? 0))).toBeLessThan(0.06);
    expect(told.difference.eur).toBeCloseTo(told.difference.kwh * 0.2, 3);
    expect(told.difference.kg_co2e).toBeCloseTo(told.difference.kwh * 0.0322, 3);
    expect(told.difference.why).toBeNull();
    const { rows, ...curve } = told.curve;
    expect(curve).toMatchObject({ quantity: 'active_energy_import', unit: 'kW.h', per_hour: true, window: 'PT1H', weeks: { least: 4, most: 4 } });
    const surge = rows.filter(({ value }: { value: number | null }) => value === 54);
    expect(surge).toHaveLength(2);
    for (const { usual, middle, unusual } of surge) expect([unusual, usual[0] <= middle, middle <= usual[1], usual[1] < 54]).toEqual([true, true, true, true]);
    const near = told.similar.map(({ nearness, device }: Record<string, string>) => `${nearness} ${device}`);
    expect(near).toEqual(['device mairie-elec', 'device mairie-elec', 'site mairie-two']);
    expect(told.similar.find(({ label }: { label: object | null }) => label !== null)?.label).toMatchObject({ by: 'Camille', verdict: 'right' });
  });

  it('for programs: says why nothing can be said in kWh, tells of a home without other homes, and answers with a problem where there is none', async () => {
    const register = alarms.find(({ subject, kind }) => subject === 'ecole-elec' && kind === 'register');
    expect((await one(register?.id ?? '')).json().difference).toEqual({ kwh: null, eur: null, kg_co2e: null, hours: null, weeks: null, why: 'doubt' });
    const home = (await one(alarmOf('home-elec').id)).json();
    expect([home.alarm.device, home.similar.length, home.curve.rows.length > 24]).toEqual(['home-elec', 3, true]);
    for (const [id, status, code] of [
      ['device/none/use/1', 404, 'not-found'],
      ['', 400, 'bad-request'],
    ] as const) {
      // biome-ignore format: one line
      const answer = await one(id);
      expect([answer.statusCode, answer.headers['content-type'], answer.json().code, answer.json().field]).toEqual([
        status,
        'application/problem+json',
        code,
        'id',
      ]);
    }
  });

  it('says nothing in kWh where the data are in doubt', async () => {
    const alarm = alarms.find(({ subject, kind }) => subject === 'ecole-elec' && kind === 'register');
    const said = text((await page(alarm?.id ?? '')).body);
    expect(said).toContain('Energy at stake The data themselves are in doubt: nothing can be said in kWh.');
    expect(said).not.toContain('€');
  });

  it('shows no case of a home', async () => {
    const { body } = await page(alarmOf('ecole-elec').id);
    const cases = body.slice(body.indexOf('id="cases"'));
    expect([...cases.matchAll(/<span class="tag">([^<]+)<\/span><strong>([^<]+)</g)].map(([, nearness, device]) => `${nearness} ${device}`)).toEqual([
      'same type of device mairie-elec',
      'same type of device mairie-elec',
    ]);
  });

  it('is linked from the list', async () => {
    const { body } = await app.inject({ url: '/en/alarms', headers: host });
    expect(body).toContain(`href="/en/alarms/one?id=${encodeURIComponent(alarmOf('mairie-elec').id)}"`);
  });

  it('is not there for a home, nor for what does not exist', async () => {
    const { id } = alarmOf('home-elec');
    for (const one of [id, 'device/none/stuck/1', 'nonsense']) {
      const answer = await page(one);
      expect(answer.statusCode).toBe(404);
      // Its own address stands in the links to the other language.
      expect(answer.body.slice(answer.body.indexOf('<main'))).not.toContain('home-elec');
    }
    expect((await app.inject({ url: '/en/alarms/one', headers: host })).statusCode).toBe(400);
    expect((await page('x'.repeat(401))).statusCode).toBe(400);
  });
});

describe.skipIf(isMissing)('in Chromium (skipped where /usr/bin/chromium is not installed)', () => {
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    url = await app.listen({ host: '127.0.0.1', port: 0 });
    browser = await launched();
  });
  afterAll(() => browser.close());

  const visit = (language: string, options: BrowserContextOptions, look: (shown: Page) => Promise<void>): Promise<void> =>
    visitIn({ browser, url, now: gate.now() }, `/${language}/alarms/one?id=${encodeURIComponent(alarmOf('mairie-elec').id)}`, options, look);

  it.each([
    ['fr', { viewport: phone, colorScheme: 'dark' }],
    ['en', { viewport: desktop, colorScheme: 'light' }],
  ] as const)('axe finds nothing: %s, %j', async (language, options) => {
    await visit(language, options, async (shown) => {
      await shown.locator('[data-chart] canvas').first().waitFor();
      expect(await axeFinds(shown)).toEqual([]);
    });
  });

  it.each(['fr', 'en'])('fits on every screen: %s', async (language) => {
    await visit(language, {}, fits);
  });

  it('says by keyboard what was seen, and what is usual at that hour', async () => {
    await visit('en', {}, async (shown) => {
      await shown.locator('[data-chart] canvas').first().waitFor();
      await shown.locator('[data-canvas]').focus();
      await shown.keyboard.press('Home');
      const said = await shown.locator('[data-announce]').textContent();
      expect(said).toMatch(/^15 Feb, \d\d:00 – Observed [\d.]+\u00a0kW · .*(All that had been seen before|lowest to highest) [\d.]+–[\d.]+\u00a0kW/);
    });
  });

  it('can be read without scripts', async () => {
    await visit('fr', { javaScriptEnabled: false }, async (shown) => {
      expect(await shown.locator('main').innerText()).toContain('À regarder d’abord');
      await shown.locator('[data-chart] summary').click();
      expect(await shown.locator('table[data-twin]').isVisible()).toBe(true);
    });
  });
});

describe('what is usual', () => {
  it('takes no week in which it already lasted, and is nothing where too little is known', async () => {
    const { views } = viewsOver(gate);
    const source = { views, types, directory: null as never, geo: null as never, now: gate.now() };
    const quantity = [...(types.get('submeter')?.rules.values() ?? [])].find((rule) => rule.quantity.name === 'active_energy_import')?.quantity;
    if (quantity === undefined) throw new Error('no such quantity');
    const asked = { key: { subject: 'mairie-elec', quantity: quantity.name }, quantity, zone: 'Europe/Paris', finest: 2, anomaly: null, judgedMs: 0 };
    // As if it had begun with the surge of day 24: ten days on the weeks before are still those before it.
    const begin = start + (24 * 24 + 3) * hourMs;
    const long = await loadAround(source, { ...asked, begin, end: begin + 10 * dayMs });
    const later = long?.rows.find((row) => row.start === begin + 7 * dayMs);
    expect(later?.usual?.[1]).toBeLessThan(6);
    const early = await loadAround(source, { ...asked, begin: start + 9 * dayMs, end: start + 10 * dayMs });
    expect(early?.rows.length).toBe(72);
    expect(early?.rows.every(({ usual, middle }) => usual === null && middle === null)).toBe(true);
    expect(early?.rows.filter(({ unusual }) => unusual)).toHaveLength(24);
    // On the tenth day of the town one week is known; of the long one the first days have three.
    expect([long?.weeks, early?.weeks]).toEqual([
      { least: 3, most: 4 },
      { least: 1, most: 1 },
    ]);
  });
});

describe('how many weeks are known is said as it is', () => {
  it.each([
    [{ least: 4, most: 4 }, 'Same hours of the four weeks before', 'Médiane des quatre semaines'],
    [{ least: 3, most: 4 }, 'Same hours of the three or four weeks before', 'Médiane des trois ou quatre semaines'],
  ])('%j', (weeks, range, median) => {
    expect(messages('en').alarmPage.weeks(weeks)).toMatch(new RegExp(`^${range}`));
    expect(messages('fr').alarmPage.middle(weeks)).toBe(median);
  });

  it.each([
    [0, 'and none is known', 'et aucune n’est connue'],
    [1, 'and one is known', 'et une seule est connue'],
    [2, 'and two are known', 'et deux sont connues'],
  ])('too few: %i', (most, english, french) => {
    expect(messages('en').alarmPage.tooYoung({ least: most, most })).toContain(english);
    expect(messages('fr').alarmPage.tooYoung({ least: most, most })).toContain(french);
  });
});

describe('likeness', () => {
  const one = anomalyRow('a', 100, 0, { observed: 30, expected: 10, until: 100 + hourMs });
  it('is of size and duration; other signs and nothing to compare are far', () => {
    expect(distance(one, { ...one, since: 7, until: 7 + hourMs }, 0)).toBe(0);
    expect(distance(one, { ...one, observed: 60, expected: 20 }, 0)).toBe(0);
    const [near, far] = [distance(one, { ...one, observed: 33 }, 0), distance(one, { ...one, observed: 90 }, 0)];
    expect(near).toBeLessThan(far);
    expect(distance(one, { ...one, observed: -30 }, 0)).toBeGreaterThan(far);
    expect(distance(one, { ...one, observed: null }, 0)).toBeGreaterThan(far);
    expect(distance(one, { ...one, until: 100 + 10 * hourMs }, 0)).toBeCloseTo(Math.log(10));
  });
});

describe('what the pages know of kinds', () => {
  it('agrees with the detectors', () => {
    for (const { kind, sees, doubts } of detectors) expect([kind, kindFacts[kind]]).toMatchObject([kind, { of: sees, doubts }]);
  });
});
