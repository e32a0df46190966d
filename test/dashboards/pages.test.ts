import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { end, host, own, type TestTown, testTown } from './town.ts';

let town: TestTown;
beforeAll(async () => {
  town = await testTown();
});
afterAll(() => town.close());

const page = async (url: string) => {
  const answer = await town.app.inject({ url, headers: host });
  return { status: answer.statusCode, html: answer.body, headers: answer.headers };
};
/** What a reader sees: tags away, blanks as one. */
const text = (html: string): string =>
  html
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replace(/[\s\u00a0\u202f]+/g, ' ');

const pages = ['/', '/sites', '/sites/mairie', '/parking', '/alarms', '/operations', '/accessibility', '/explain?from=2026-03-30&to=2026-03-30'];

test.each(pages.flatMap((path) => [`/fr${path}`, `/en${path}`]))('%s is a page of its own in its language', async (url) => {
  const { status, html, headers } = await page(url);
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(html).toContain(`<html lang="${url.slice(1, 3)}">`);
  expect(html.match(/<h1/g)).toHaveLength(1);
  expect(html).toMatch(/<title>.+ – Issy-les-Moulineaux – octroi<\/title>/);
  expect(html).not.toMatch(/ style="| onclick=|<style/);
  expect(html).not.toMatch(/(undefined|NaN|\[object)/);
});

test('an address without a language leads to the one that the browser prefers', async () => {
  const ask = async (language: string, url = '/') => (await town.app.inject({ url, headers: { ...host, 'accept-language': language } })).headers.location;
  expect(await ask('en-GB,en;q=0.9,fr;q=0.8')).toBe('/en/');
  expect(await ask('en', '/operations')).toBe('/en/operations');
  expect(await ask('fr', '/sites/mairie?from=2026-04-01')).toBe('/fr/sites/mairie?from=2026-04-01');
  expect(await ask('de,fr;q=0.5')).toBe('/fr/');
  expect(await ask('')).toBe('/fr/');
});

describe('the town', () => {
  test('yesterday: the sum of its public meters, money and CO₂ from its factors, and how much of it was seen', async () => {
    const said = text((await page('/fr/')).html);
    // 96 + 48 kWh of electricity, 192 of gas: 144 × 0.2 + 192 × 0.1 €; 144 × 50 + 192 × 200 g.
    expect(said).toContain('Énergie 336 kWh données jusqu’à 23:45');
    expect(said).toContain('48,00 €');
    expect(said).toContain('45,6 kg');
    expect(said).toContain('Électricité 144 kWh 2 compteurs · couverture 100 %');
  });

  test('what was not seen lowers the coverage of the day and is not made up', async () => {
    // Sunday: 23 h of 4 kWh; the school 11 h of 2 kWh seen, and what its register rose meanwhile, known but not seen.
    const said = text((await page('/fr/explain?from=2026-03-29&to=2026-03-29')).html);
    expect(said).toContain('322,0 kWh');
    expect(said).toMatch(/ecole-elec dim\. 29 mars Électricité 46,000 4\d %/);
  });

  test('its sites are counted where they have a meter, and those without are told; on the list too', async () => {
    const [fr, en] = [text((await page('/fr/')).html), text((await page('/en/')).html)];
    expect(fr).toContain('L’énergie de 2 sites publics équipés de compteurs');
    expect(fr).toContain('2 autres sites publics n’ont pas de compteur d’énergie (rues, parcs de stationnement…)');
    expect(en).toContain('2 more public sites have no energy meter (streets, car parks…): they have no part in the figures, nor on the map.');
    const list = await page('/en/sites');
    expect(text(list.html)).toContain('2 sites with meters, of which 2 of the town. 2 more have no energy meter, and are not listed.');
    expect((await page('/fr/')).html.match(/<a class="site"/g)).toHaveLength(2);
  });

  test('the bar of a day that was seen in part is another one, and no part of the mean day', async () => {
    const { html } = await page('/en/sites');
    const school = html.slice(html.indexOf('École du Fort'));
    // Four days of 48, 46 (the clock's day of 23 hours, half of it not seen), 48 kWh; 500 m².
    expect(school.match(/kWh a day, oldest first: ([^"]+)"/)?.[1]).toBe('no data, no data, no data, no data, 48.0, 46.0 (seen in part), 48.0');
    expect([...school.slice(0, school.indexOf('</svg>')).matchAll(/<rect class="(\w+)"/g)].map(([, seen]) => seen)).toEqual([
      ...Array(4).fill('gap'),
      'part',
      'partial',
      'part',
    ]);
    expect(text(school)).toMatch(/ 0\.096 /);
  });

  test('homes appear only as a group of eleven and more', async () => {
    const all = (await Promise.all(['/fr/', '/fr/sites', '/fr/operations'].map(page))).map(({ html }) => html).join();
    expect(text(all)).toContain('Bords de Seine 132 kWh');
    expect(all).not.toMatch(/linky-|Résidence|Petite|petite/);
    for (const url of [
      '/fr/sites/residence-1',
      '/fr/sites/petite',
      '/fr/sites/residence-1.csv',
      '/fr/explain?device=linky-1&quantity=active_energy_import&window=P1D&at=2026-03-30',
      '/fr/explain?site=residence-1&from=2026-03-30&to=2026-03-30',
    ])
      expect([url, (await page(url)).status]).toEqual([url, 404]);
  });
});

describe('a site', () => {
  test('shows in its table what the API says of the same windows', async () => {
    const { html } = await page('/fr/sites/mairie?from=2026-03-29&to=2026-03-30&carrier=electricity');
    const rows = [...html.matchAll(/<tr[^>]*><th scope="row"><time dateTime="([^"]+)">.*?<\/th><td>(.*?)<\/td>/gi)].map(([, at, cell]) => [
      at,
      (cell ?? '').replace(/<[^>]+>/g, ''),
    ]);
    const answer = await town.app.inject({
      url: '/api/v1/panes?site=mairie&quantity=active_energy_import&window=PT15M&from=2026-03-29&to=2026-03-31',
      headers: host,
    });
    const { panes } = answer.json<{ panes: { start: string; sum: number }[] }>();
    expect(rows).toHaveLength(92 + 96);
    expect(rows).toEqual(panes.map(({ start, sum }) => [start, sum.toFixed(3).replace('.', ',')]));
  });

  test('a day of 23 hours has 23 cells, a gap is striped', async () => {
    const { html } = await page('/fr/sites/ecole?from=2026-03-28&to=2026-03-29');
    const map = html.slice(html.indexOf('class="heat"'), html.indexOf('<figcaption>', html.indexOf('class="heat"')));
    const rows = map.split('<g>').slice(1);
    expect(rows.map((row) => row.match(/<rect/g)?.length)).toEqual([24, 23]);
    expect(rows[1]?.match(/class="gap"/g)).toHaveLength(12);
  });

  test('the CSV holds exactly the rows shown; a gap is an empty cell; local time with its offset', async () => {
    const { html: fr, headers } = await page('/fr/sites/ecole.csv?from=2026-03-29&to=2026-03-29');
    expect(headers['content-disposition']).toContain('ecole_2026-03-29_2026-03-29.csv');
    const lines = fr.trim().split('\r\n');
    expect(lines).toHaveLength(1 + 92);
    expect(lines[1]).toMatch(/^2026-03-29T00:00:00\+01:00;2026-03-29T00:15:00\+01:00;0,5;2;/);
    expect(lines[9]).toMatch(/^2026-03-29T03:00:00\+02:00;/);
    expect(lines[60]).toMatch(/;;;;0;0;0;/);
    const { html: en } = await page('/en/sites/ecole.csv?from=2026-03-29&to=2026-03-29');
    expect(en.split('\r\n')[1]).toMatch(/,0\.5,2,/);
  });

  test.each([
    ['?from=2026-03-30&to=2026-03-29', 400],
    ['?from=nonsense', 400],
    ['?from=2010-01-01&to=2026-03-29', 400],
    ['?carrier=steam', 400],
    [`?from=${'9'.repeat(500)}`, 400],
  ])('%s is a page that says what is wrong', async (query, status) => {
    const answer = await page(`/fr/sites/mairie${query}`);
    expect(answer.status).toBe(status);
    expect(answer.html).toContain('La page ne peut pas être montrée');
  });
});

describe('parking', () => {
  test('each state in a word; never more free places than there are; never a number that is not known', async () => {
    const { html } = await page('/fr/parking');
    const parks = [...html.matchAll(/<li class="car-park (\w+)".*?<\/li>/g)].map(([block, state]) => [
      state,
      text(block)
        .replace(/mis à jour.*/, '')
        .trim(),
    ]);
    expect(parks).toEqual([
      ['free', 'Parc A Libre 42 places sur 100'],
      ['full', 'Parc B Complet 0 places sur 50'],
      ['unknown', 'Parc C Inconnu 80 places'],
      ['unknown', 'Parc D Inconnu 10 places'],
      ['closed', 'Parc E Fermé'],
    ]);
    expect(text(html)).toContain('Rue des Bleuets 1 1 1');
  });
});

describe('operations', () => {
  test('shows a foreign payload as text', async () => {
    const { html } = await page('/fr/operations');
    expect(html).not.toContain('<script>alert');
    expect(text(html)).toContain('<script>alert(1)</script>');
    expect(text(html)).toContain('✓ Équilibré');
    // What to do is said in the reader's language; what was found stays English, and is marked so.
    expect(html).toContain('<dd>Adopter l’appareil, ou le déclarer dans le fichier de la ville');
    expect(html).toContain('<dd>Envoyer un objet JSON, ou un tableau d’objets.</dd>');
    expect(html).toMatch(/<dt>Pourquoi<\/dt><dd lang="en">/);
    expect((await page('/en/operations')).html).toContain('<dd>Send one JSON object, or an array of them.</dd>');
  });

  test('adopts by a form, without a script; a form of another site does nothing', async () => {
    const form = { method: 'POST' as const, url: '/fr/operations/adopt', payload: 'subject=nouveau&type=room-sensor&site=ecole' };
    const headers = { ...own, 'content-type': 'application/x-www-form-urlencoded' };
    const forged = await town.app.inject({ ...form, headers: { ...headers, origin: 'http://evil.example' } });
    expect(forged.statusCode).toBe(403);
    const adopted = await town.app.inject({ ...form, headers });
    expect([adopted.statusCode, adopted.headers.location]).toEqual([303, '/fr/operations?adopted=nouveau']);
    town.gate.tick(end + 5_000);
    await town.commit();
    const said = text((await page('/fr/operations?adopted=nouveau')).html);
    expect(said).toContain('« nouveau » est adopté');
    expect(said).toContain('Il doit désormais se connecter avec « nouveau » comme nom d’utilisateur MQTT');
    expect(text((await page('/fr/operations?adopted=<b>x')).html)).not.toContain('est adopté');
  });
});

test('a receipt: readings, versions, and the same value worked out again', async () => {
  const said = text((await page('/fr/explain?device=mairie-elec&quantity=active_energy_import&window=PT1H&at=2026-03-30T08:00:00Z')).html);
  expect(said).toContain('4,0000 kWh');
  expect(said).toContain('✓ Le calcul refait à l’instant donne la même valeur.');
  expect(said).toContain('Aucun : toute la fenêtre est observée.');
});

test.each([
  ['/fr/explain?device=x', 400, 'Dans l’adresse ou le formulaire, « quantity » manque ou n’est pas valable. 400 · the parameter "quantity" is missing'],
  ['/en/explain?device=x&quantity=temperature', 400, 'In the address or the form, “window” is missing or not valid. 400 · the parameter "window" is missing'],
  ['/fr/sites/nope', 404, 'Aucun site de ce nom n’est montré.'],
  ['/en/sites/nope', 404, 'No site of this name is shown.'],
  ['/fr/sites/mairie?from=2010-01-01&to=2026-03-29', 400, 'Demander une période plus courte ou une fenêtre plus grande. 400 · more than 1100 days'],
])('%s says what is wrong in its language', async (url, status, words) => {
  const answer = await page(url);
  expect(answer.status).toBe(status);
  expect(text(answer.html)).toContain(words);
  // What is said for programs stays English, and is marked so.
  expect(answer.html).toMatch(/ · <span lang="en">[^<]+<\/span>/);
  expect(answer.html).not.toContain('Invalid input');
});

test('what there is not is a page too', async () => {
  const { status, html } = await page('/en/nothing/here');
  expect([status, text(html).includes('Page not found')]).toEqual([404, true]);
});
