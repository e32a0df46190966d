import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { demoTownYaml } from '../../simulators/demo-town.ts';
import { models } from '../../simulators/fleet.ts';
import { demoTownText, townOf, types } from './town-of.ts';

const town = townOf(demoTownText);

describe('the demo town', () => {
  it('is up to date: run `node simulators/write-demo-town.ts` if not', () => {
    expect(demoTownText).toBe(demoTownYaml());
  });

  it('has about a thousand devices of every type, all simulated, each with a model, a site and a gateway', () => {
    expect(town.devices.length).toBeGreaterThan(900);
    expect(town.devices.length).toBeLessThan(1_200);
    expect(new Set(town.devices.map(({ type }) => type))).toEqual(new Set(types.keys()));
    expect(new Set(Object.keys(models))).toEqual(new Set(types.keys()));
    for (const { simulated, site, via } of town.devices) {
      expect(simulated).toBe(true);
      expect(site).toBeDefined();
      expect(via).toHaveLength(1);
    }
  });

  it('keeps real places within the town', () => {
    for (const at of [...town.sites, ...town.devices].flatMap((one) => (one.at === undefined ? [] : [one.at]))) {
      expect(at[0]).toBeGreaterThan(2.235);
      expect(at[0]).toBeLessThan(2.295);
      expect(at[1]).toBeGreaterThan(48.81);
      expect(at[1]).toBeLessThan(48.836);
    }
  });

  it('gives homes no position, and each quarter enough of them to publish a sum', () => {
    const homes = new Map(town.sites.filter(({ owner }) => owner === 'residential').map((site) => [site.id, site]));
    for (const site of homes.values()) expect(site.at).toBeUndefined();
    for (const { id } of town.quarters) {
      const meters = town.devices.filter(({ type, site }) => type === 'linky' && homes.get(site ?? '')?.quarter === id);
      expect(new Set(meters.map(({ site }) => site)).size).toBeGreaterThanOrEqual(15);
      for (const { at } of meters) expect(at).toBeUndefined();
    }
  });

  it('carries an attribution in every map file', () => {
    for (const file of [
      'commune',
      'quarters',
      'stations',
      'rail',
      'roads',
      'water',
      'car_parks',
      'schools',
      'municipal_buildings',
      'parks',
      'ev_sites_2014',
      'neighbours',
    ]) {
      const { meta } = JSON.parse(readFileSync(new URL(`../../simulators/geo/${file}.geojson`, import.meta.url), 'utf8')) as { meta: Record<string, string> };
      expect(meta.licence, file).toBeTruthy();
      expect(meta.attribution, file).toBeTruthy();
      expect(readFileSync(new URL('../../NOTICE', import.meta.url), 'utf8')).toContain(`${file}.geojson`);
    }
  });
});
