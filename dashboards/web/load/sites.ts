/** The list of sites: the last whole day by carrier, a week of days, kWh a square metre. Homes by quarter only. */
import type { Site } from '../../../core/town.ts';
import type { Directory } from '../../directory.ts';
import { amount, byMeters, type Meter, type Panes, panesByKey, periodFigures } from '../../figures/energy.ts';
import { groupAmount, isPublic, residentialGroups, shownSites } from '../../figures/residential.ts';
import type { SiteLine, SiteSort, SitesModel } from '../models.ts';
import { fairCoverage } from '../thresholds.ts';
import { dayBefore, today } from './days.ts';
import { siteHead } from './site-head.ts';
import type { Source } from './source.ts';

const daysShown = 7;

const line = (directory: Directory, site: Site, meters: readonly Meter[], panes: Panes, now: number): SiteLine => {
  const { zone } = directory.town;
  const day = today(zone, now);
  const yesterday = dayBefore(zone, day);
  const days = Array.from({ length: daysShown }, (_, n) => dayBefore(zone, day, daysShown - n));
  const byDay = days.map(({ start, end }) => amount(directory, meters, panes, start, end, now));
  // A mean day of those that were seen: neither fewer days nor half a one make a site look thrifty.
  const known = byDay.flatMap(({ kWh, coverage }) => (kWh === null || coverage < fairCoverage ? [] : [kWh]));
  const week = known.length === 0 ? null : known.reduce((sum, kWh) => sum + kWh, 0);
  return {
    ...siteHead(directory, site),
    yesterday: periodFigures(directory, meters, panes, yesterday.start, yesterday.end, now),
    days: byDay.map(({ kWh, coverage }) => ({ kWh, coverage })),
    kWhPerM2: week === null || site.areaM2 === undefined ? null : week / known.length / site.areaM2,
  };
};

const least = (value: number | null): number => value ?? -1;
const orders: Readonly<Record<SiteSort, (a: SiteLine, b: SiteLine) => number>> = {
  name: (a, b) => a.name.localeCompare(b.name, 'fr', { numeric: true }),
  energy: (a, b) => least(b.yesterday.total.kWh) - least(a.yesterday.total.kWh),
  intensity: (a, b) => least(b.kWhPerM2) - least(a.kWhPerM2),
  coverage: (a, b) => a.yesterday.total.coverage - b.yesterday.total.coverage,
};

export const loadSites = async ({ views, directory, now }: Source, use: string | null, sort: SiteSort): Promise<SitesModel> => {
  const { zone } = directory.town;
  const { metered: all, unmetered } = byMeters(directory, shownSites(directory));
  const groups = residentialGroups(directory);
  const day = today(zone, now);
  const yesterday = dayBefore(zone, day);
  const keys = [...all.flatMap(({ meters }) => meters), ...groups.flatMap(({ meters }) => meters)];
  const panes = await panesByKey(views, keys, 'P1D', dayBefore(zone, day, daysShown).start, day.start);
  const isAsked = (site: Site): boolean => use === null || site.use === use;
  const listed = all.filter(({ site }) => isAsked(site));
  const lines = listed.map(({ site, meters }) => line(directory, site, meters, panes, now)).sort((a, b) => orders[sort](a, b) || orders.name(a, b));
  return {
    lines,
    counts: { public: listed.filter(({ site }) => isPublic(site)).length, unmetered: unmetered.filter(isAsked).length },
    uses: [...new Set(all.flatMap(({ site }) => (site.use === undefined ? [] : [site.use])))].sort(),
    use,
    sort,
    day: yesterday.start,
    homes: groups.flatMap((group) => {
      const shown = groupAmount(directory, group, panes, yesterday.start, yesterday.end, now);
      return shown === null ? [] : [{ name: group.name, meters: shown.meters, yesterday: shown }];
    }),
  };
};
