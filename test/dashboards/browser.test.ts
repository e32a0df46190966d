import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFinds, desktop, fits, isMissing, launched, phone, visit as visitIn } from './chromium.ts';
import { end, say, type TestTown, testTown } from './town.ts';

const site = '/fr/sites/ecole?from=2026-03-28&to=2026-03-30';
const paths = [
  '/fr/',
  '/en/',
  '/fr/sites',
  site,
  '/fr/parking',
  '/fr/operations',
  '/fr/accessibility',
  '/fr/explain?from=2026-03-29&to=2026-03-29',
  '/fr/explain?device=ecole-elec&quantity=active_energy_import&window=P1D&at=2026-03-29',
  '/fr/nothing',
];

let town: TestTown;
let browser: Browser;
let url: string;

const visit = (path: string, options: BrowserContextOptions, look: (page: Page) => Promise<void>): Promise<void> =>
  visitIn({ browser, url, now: end }, path, options, look);

/** What a curve owes to those who do not see it. @throws where one of it is missing */
const chartContract = async (page: Page): Promise<void> => {
  const chart = page.locator('[data-chart]').first();
  const canvas = chart.locator('[data-canvas]');
  expect(await canvas.getAttribute('aria-label')).toMatch(/École du Fort/);
  expect(await page.locator(`#${await canvas.getAttribute('aria-describedby')}`).textContent()).toMatch(/clavier/);
  expect(await chart.locator('table[data-twin] caption').count()).toBe(1);
  expect(await chart.locator('table[data-twin] tbody th[scope=row]').count()).toBeGreaterThan(200);
};

describe.skipIf(isMissing)('in Chromium (skipped where /usr/bin/chromium is not installed)', () => {
  beforeAll(async () => {
    town = await testTown();
    url = await town.app.listen({ host: '127.0.0.1', port: 0 });
    browser = await launched();
  });
  afterAll(async () => {
    await browser.close();
    await town.close();
  });

  describe.each([
    ['light, desktop', { viewport: desktop, colorScheme: 'light' }, paths],
    ['dark, phone', { viewport: phone, colorScheme: 'dark' }, paths],
    // What depends on the scheme and on the width is the same on the other pages: these two have all the parts.
    ['dark, desktop', { viewport: desktop, colorScheme: 'dark' }, ['/fr/', site]],
    ['light, phone', { viewport: phone, colorScheme: 'light' }, ['/fr/', site]],
  ] as const)('axe finds nothing: %s', (_, options, own) => {
    test.each(own)('%s', async (path) => {
      await visit(path, options, async (page) => expect(await axeFinds(page)).toEqual([]));
    });
  });

  test.each([...paths, '/en/parking', '/en/operations', site.replace('/fr/', '/en/')])('%s fits on every screen', async (path) => {
    await visit(path, {}, fits);
  });

  test('a curve has a name, a description and a twin; without the twin the contract is broken', async () => {
    await visit(site, {}, async (page) => {
      await chartContract(page);
      await page.locator('table[data-twin]').evaluate((table) => table.remove());
      await expect(chartContract(page)).rejects.toThrow();
    });
  });

  test.each(['Europe/Paris', 'America/New_York', 'Asia/Kolkata'])(
    'arrow keys walk the curve and say the town’s time, with the browser in %s',
    async (timezoneId) => {
      await visit(site, { timezoneId }, async (page) => {
        await page.locator('[data-chart] canvas').first().waitFor();
        const spoken = page.locator('[data-announce]');
        await page.locator('[data-canvas]').focus();
        await page.keyboard.press('Home');
        expect(await spoken.textContent()).toBe('28 mars, 00:00 – Période 2,00\u00a0kW');
        await page.keyboard.press('ArrowRight');
        expect(await spoken.textContent()).toContain('28 mars, 00:15');
        // Sunday 06:00 UTC is 08:00: the 24 h of Saturday and 7 of a day without 02:00.
        for (let n = 0; n < 5; n++) await page.keyboard.press('PageDown');
        for (let n = 0; n < 5; n++) await page.keyboard.press('ArrowRight');
        expect(await spoken.textContent()).toContain('29 mars, 08:30 – Période pas de donnée');
        await page.keyboard.press('End');
        expect(await spoken.textContent()).toContain('30 mars, 23:45');
        await page.keyboard.press('Escape');
        expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-canvas'))).toBe(false);
      });
    },
  );

  test.each(['light', 'dark'] as const)('the words on the axes can be read: %s', async (colorScheme) => {
    await visit(site, { colorScheme }, async (page) => {
      await page.locator('[data-chart] canvas').first().waitFor();
      const contrast = await page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('[data-chart] canvas');
        const context = canvas?.getContext('2d');
        if (canvas === null || context === null || context === undefined) return 0;
        const ground = (getComputedStyle(document.querySelector('.panel') ?? document.body).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
        const light = (rgb: readonly number[]): number => {
          const [r = 0, g = 0, b = 0] = rgb.slice(0, 3).map((one) => (one / 255 <= 0.03928 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        // The words below the curve: the pixels that stand out most.
        const { data } = context.getImageData(0, canvas.height - 40, canvas.width, 40);
        let best = 0;
        for (let n = 0; n < data.length; n += 4) {
          if ((data[n + 3] ?? 0) < 250) continue;
          const [a, b] = [light([...data.slice(n, n + 3)]), light(ground)].sort((x, y) => y - x);
          best = Math.max(best, ((a ?? 0) + 0.05) / ((b ?? 0) + 0.05));
        }
        return best;
      });
      expect(contrast).toBeGreaterThanOrEqual(4.5);
    });
  });

  test('without scripts: car parks, streets, totals and the values of the curve can be read', async () => {
    await visit('/fr/parking', { javaScriptEnabled: false }, async (page) => {
      expect(await page.locator('.car-park').first().innerText()).toMatch(/Parc A\s+Libre 42 places sur 100\s+mis à jour il y a 1 minute/);
      expect(await page.locator('[data-live-bar]').isVisible()).toBe(false);
    });
    await visit(site, { javaScriptEnabled: false }, async (page) => {
      expect(await page.locator('.tile').first().innerText()).toMatch(/Énergie\s+142\s*kWh/);
      await page.locator('[data-chart] summary').click();
      expect(await page.locator('table[data-twin]').isVisible()).toBe(true);
    });
  });

  test('live: a car park changes by itself, and stands still while paused', async () => {
    await visit('/fr/accessibility', {}, async (page) => {
      const places = page.locator('[data-car-park=parc-libre] [data-live=places]');
      const report = async (free: number): Promise<void> => {
        town.gate.at(town.gate.now() + 1000);
        say(town.gate, 'parc-libre', { ts: town.gate.now(), values: { free_places: free } });
        await town.commit();
      };
      const stream = page.waitForResponse((answer) => answer.url().includes('/api/v1/events'));
      await page.goto(`${url}/fr/parking`);
      await stream;
      await report(41);
      await places.filter({ hasText: '41 places sur 100' }).waitFor();
      const closed = page.waitForEvent('requestfailed', (request) => request.url().includes('/api/v1/events'));
      await page.getByRole('button', { name: 'Suspendre le direct' }).click();
      await closed;
      await report(40);
      expect(await page.locator('[data-live-status]').textContent()).toBe('direct suspendu');
      expect(await places.textContent()).toBe('41 places sur 100');
      const again = page.waitForResponse((answer) => answer.url().includes('/api/v1/events'));
      await page.getByRole('button', { name: 'Reprendre le direct' }).click();
      await again;
      await report(39);
      await places.filter({ hasText: '39 places sur 100' }).waitFor();
    });
  });

  test('the pages weigh little', async () => {
    const weights = { parking: 0, site: 0 };
    for (const [name, path] of [
      ['parking', '/fr/parking'],
      ['site', site],
    ] as const)
      await visit(path, {}, async (page) => {
        weights[name] = await page.evaluate(() =>
          [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce(
            (sum, entry) => sum + (entry as PerformanceResourceTiming).encodedBodySize,
            0,
          ),
        );
      });
    expect(weights.parking).toBeLessThan(45_000);
    expect(weights.site).toBeLessThan(90_000);
  });
});
