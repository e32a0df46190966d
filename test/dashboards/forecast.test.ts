/** Free places ahead: from the quarters of a car park's last weeks, with the error that such forecasts had; nothing where too little is known. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyElement } from '../../core/fold.ts';
import type { Element } from '../../core/pane.ts';
import { dayMs, hourMs, quarterMs } from '../../core/time.ts';
import { forecasts } from '../../dashboards/figures/forecast.ts';
import { httpApp } from '../../dashboards/http.ts';
import { type Drive, drive } from '../drive.ts';
import { axeFinds, fits, isMissing, launched, phone, visit } from './chromium.ts';
import { host, say, smallTown, start, types, viewsOver } from './town.ts';

/** Fuller by day. */
const freeAt = (at: number): number => Math.round(60 - 30 * Math.sin((((at - start) % dayMs) / dayMs) * 2 * Math.PI));
const quartersOf = (days: number, missing = (_at: number): boolean => false): Element[] =>
  Array.from({ length: days * 96 }, (_, n) => {
    const at = start + n * quarterMs;
    return {
      ...emptyElement({ start: at, end: at + quarterMs }, 0),
      count: 1,
      observedMs: missing(at) ? 0 : quarterMs,
      lastValue: missing(at) ? null : freeAt(at + quarterMs),
    };
  });
const ahead = (quarters: readonly Element[]) => forecasts(quarters, 'UTC', 100, quarters.at(-1)?.end ?? 0);

it('says what comes, and how far it usually was from that', () => {
  const found = ahead(quartersOf(30));
  expect(found.map(({ minutes }) => minutes)).toEqual([30, 60, 180]);
  for (const { at, free, usualError } of found) {
    expect(Math.abs(free - freeAt(at))).toBeLessThanOrEqual(3);
    expect(usualError).toBeLessThanOrEqual(3);
  }
});

it('says nothing while it learns, where nothing is known of now, and where the last quarter is missing', () => {
  expect(ahead(quartersOf(13))).toEqual([]);
  expect(ahead([])).toEqual([]);
  expect(ahead(quartersOf(30, (at) => at >= start + 30 * dayMs - hourMs))).toEqual([]);
  expect(forecasts(quartersOf(30), 'UTC', 100, start + 31 * dayMs)).toEqual([]);
});

it('a gap of a day does not stop it', () => {
  expect(ahead(quartersOf(30, (at) => at >= start + 20 * dayMs && at < start + 21 * dayMs))).toHaveLength(3);
});

let gate: Drive;
let app: Awaited<ReturnType<typeof httpApp>>;
const ask = async (query: string) => app.inject({ url: `/api/v1/forecast${query}`, headers: host });

beforeAll(async () => {
  gate = await drive(smallTown, start);
  const { views, commit } = viewsOver(gate);
  app = await httpApp({ host: '127.0.0.1', port: 0, logLevel: 'fatal', views, types, clock: () => gate.now() });
  for (let at = start; at <= start + 18 * dayMs; at += quarterMs) {
    gate.at(at);
    say(gate, 'parc-libre', { ts: at, values: { free_places: freeAt(at) } });
    if (at % hourMs === 0) gate.tick(at + 60_000, hourMs);
  }
  await commit();
});
afterAll(() => app.close());

it('is asked for by car park', async () => {
  const { forecasts: found } = (await ask('?device=parc-libre')).json();
  expect(found).toHaveLength(3);
  expect((await ask('?device=parc-libre')).json().forecasts).toEqual(found);
  for (const { at, free, usual_error } of found) expect(Math.abs(free - freeAt(Date.parse(at)))).toBeLessThanOrEqual(2 + usual_error);
  expect((await ask('?device=parc-muet')).json()).toEqual({ device: 'parc-muet', quantity: 'free_places', forecasts: [] });
  for (const [query, status] of [['', 400], ['?device=mairie-elec', 400], ['?device=none', 404]] as const) expect((await ask(query)).statusCode).toBe(status); // biome-ignore format: one line
});

const words = (html: string): string => html.replace(/<[^>]+>/g, ' ').replace(/[\s\u00a0\u202f]+/g, ' ');
const cardsOf = async (path: string): Promise<string[]> => {
  const { body } = await app.inject({ url: path, headers: host });
  return body.split('<li class="car-park ').slice(1).map((card) => words(card.slice(0, card.indexOf('<section')))); // biome-ignore format: one line
};

describe('on the parking page', () => {
  it('is said by the clock, in words, with its usual error; nothing where there is none', async () => {
    const { forecasts: found } = (await ask('?device=parc-libre')).json();
    for (const [path, said] of [
      ['/en/parking', /Forecast of free places, and its usual error (\d\d:\d\d) about (\d+), give or take (\d+) (\d\d:\d\d) about/],
      ['/fr/parking', /Prévision des places libres, et son écart habituel (\d\d:\d\d) environ (\d+), à (\d+) près (\d\d:\d\d) environ/],
    ] as const) {
      const cards = await cardsOf(path);
      const own = cards.find((card) => card.includes('Parc A')) ?? '';
      expect(own).toMatch(said);
      const [, time, free, error] = said.exec(own) ?? [];
      const first = found.find(({ at }: { at: string }) => Date.parse(at) > gate.now());
      const clock = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Paris', hour: '2-digit', minute: '2-digit' });
      expect([time, Number(free), Number(error)]).toEqual([clock.format(Date.parse(first.at)), first.free, first.usual_error]);
      expect(cards.filter((card) => /Forecast|Prévision/.test(card))).toEqual([own]);
    }
  });

  describe.skipIf(isMissing)('in Chromium (skipped where /usr/bin/chromium is not installed)', () => {
    let browser: Browser;
    let url: string;
    beforeAll(async () => {
      url = await app.listen({ host: '127.0.0.1', port: 0 });
      browser = await launched();
    });
    afterAll(() => browser.close());

    it('can be read without a script on a phone, and axe finds nothing', async () => {
      await visit({ browser, url, now: gate.now() }, '/fr/parking', { viewport: phone, javaScriptEnabled: false }, async (page) => {
        expect(await page.locator('[data-car-park=parc-libre] .ahead').innerText()).toMatch(
          /Prévision des places libres, et son écart habituel\s+\d\d:\d\d\s+environ \d+, à \d+ près/,
        );
      });
      await visit({ browser, url, now: gate.now() }, '/en/parking', {}, async (page) => {
        expect(await axeFinds(page)).toEqual([]);
        await fits(page);
      });
    });
  });
});
