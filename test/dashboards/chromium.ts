/** Pages in a real browser: Debian's Chromium with the town's clock. What is looked at is left to the tests. */
import { existsSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

const executablePath = '/usr/bin/chromium';
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const isMissing = !existsSync(executablePath);
export const launched = (): Promise<Browser> => chromium.launch({ executablePath, args });

export const desktop = { width: 1280, height: 900 };
export const phone = { width: 390, height: 844 };

interface Visited {
  readonly browser: Browser;
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Epoch ms. */
  readonly now: number;
}

/** Looks at a page; fails the test on a script error or a request to another host. */
export const visit = async (
  { browser, url, now }: Visited,
  path: string,
  options: BrowserContextOptions,
  look: (page: Page) => Promise<void>,
): Promise<void> => {
  const context = await browser.newContext({ viewport: desktop, ...options });
  const faults: string[] = [];
  try {
    const page = await context.newPage();
    await page.clock.setFixedTime(now);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // The page of what there is not is itself answered with 404.
      if (message.type() === 'error' && !message.text().includes('404')) faults.push(message.text());
    });
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== url) faults.push(`asked ${request.url()}`);
    });
    await page.goto(url + path);
    await look(page);
    expect(faults).toEqual([]);
  } finally {
    await context.close();
  }
};

/** What axe finds against WCAG 2.2 AA: rules, with the first places of each. */
export const axeFinds = async (page: Page): Promise<(string | string[])[][]> => {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html).slice(0, 3)]);
};

/** Cards out of which something stands, by their text. */
const standingOut = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('.tile, .panel, .car-park, .alarms > li')]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map(({ textContent }) => textContent.slice(0, 80)),
  );

/** Neither the page nor a card of it is wider than its place, on the narrowest screen (WCAG 1.4.10) and on others. */
export const fits = async (page: Page): Promise<void> => {
  for (const width of [320, 390, 768, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    expect([width, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([width, width]);
    expect([width, ...(await standingOut(page))]).toEqual([width]);
  }
};
