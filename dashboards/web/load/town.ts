/** The town now: today so far, the last whole day, roofs, alarms, car parks, map. */
import { Flag } from '../../../core/reading.ts';
import type { Key } from '../../../core/store.ts';
import { minuteMs } from '../../../core/time.ts';
import { amount, byMeters, inverters, panesByKey, periodFigures } from '../../figures/energy.ts';
import { carParks, latestByKey } from '../../figures/parking.ts';
import { groupAmount, isPublic, residentialGroups, shownSites } from '../../figures/residential.ts';
import { isBehind } from '../../lag.ts';
import { mapModel } from '../map-model.ts';
import type { Comparison, TownModel } from '../models.ts';
import { anomalyLine } from './anomalies.ts';
import { dayBefore, lastWholeHour, sameMoment, today } from './days.ts';
import type { Source } from './source.ts';

const anomaliesShown = 6;
/** Beyond it an inverter's last power is not "now", ms. */
const powerHoldMs = 10 * minuteMs;

/** The last whole hour of today against the same hours of an earlier day. */
const compare = async ({ views, directory, now }: Source, keys: readonly Key[], by: number): Promise<Comparison | null> => {
  const { zone } = directory.town;
  const day = today(zone, now);
  const until = lastWholeHour(zone, now);
  if (until <= day.start) return null;
  const before = dayBefore(zone, day, by);
  const cut = sameMoment(zone, until, by);
  const panes = await panesByKey(views, keys, 'PT1H', before.start, cut);
  const ours = await panesByKey(views, keys, 'PT1H', day.start, until);
  return {
    now: amount(directory, keys, ours, day.start, until, now),
    before: amount(directory, keys, panes, before.start, cut, now),
    until,
    beforeStart: before.start,
  };
};

const roofs = async ({ views, directory, now }: Source, keys: readonly Key[]): Promise<TownModel['pv']> => {
  const day = today(directory.town.zone, now);
  const panes = await panesByKey(views, keys, 'P1D', day.start, day.end);
  const latest = keys.length === 0 ? [] : await views.latest(keys.map(({ subject }) => subject));
  const devices: Record<string, number | null> = Object.fromEntries(keys.map(({ subject }) => [subject, null]));
  for (const { subject, quantity, at, value, flags } of latest)
    if (quantity === 'active_power' && now - at <= powerHoldMs && (flags & Flag.excluded) === 0) devices[subject] = value;
  const known = Object.values(devices).filter((watts) => watts !== null);
  return {
    today: amount(directory, keys, panes, day.start, day.end, now),
    watts:
      known.length === 0
        ? null
        : Math.max(
            0,
            known.reduce((sum, watts) => sum + watts, 0),
          ),
    reporting: known.length,
    devices,
  };
};

export const loadTown = async (source: Source): Promise<TownModel> => {
  const { views, types, directory, now } = source;
  const { zone } = directory.town;
  const { metered, unmetered } = byMeters(directory, shownSites(directory));
  const own = metered.filter(({ site }) => isPublic(site));
  const meters = own.flatMap((one) => one.meters);
  const groups = residentialGroups(directory);
  const day = today(zone, now);
  const yesterday = dayBefore(zone, day);
  const parkDevices = directory.town.devices.filter((device) => directory.typeOf(device)?.parking === 'car-park').map(({ id }) => id);
  const [status, panes, comparison, pv, open, latest] = await Promise.all([
    views.status(),
    panesByKey(views, [...meters, ...groups.flatMap((group) => group.meters)], 'P1D', yesterday.start, day.end),
    compare(source, meters, 1),
    roofs(source, inverters(directory, shownSites(directory))),
    views.anomalies({ open: true, limit: anomaliesShown }),
    parkDevices.length === 0 ? [] : views.latest(parkDevices),
  ]);
  const parks = carParks(directory, types, latestByKey(latest), now);
  return {
    today: periodFigures(directory, meters, panes, day.start, day.end, now),
    yesterday: periodFigures(directory, meters, panes, yesterday.start, yesterday.end, now),
    comparison,
    sites: { metered: own.length, unmetered: unmetered.filter(isPublic).length },
    behind: isBehind(status, now) ? status.logEnd - status.position : null,
    pv,
    alarms: { open: open.rows.map((row) => anomalyLine(directory, row)), more: open.next !== null },
    parks,
    homes: groups.flatMap((group) => {
      const shown = groupAmount(directory, group, panes, yesterday.start, yesterday.end, now);
      return shown === null ? [] : [{ quarter: group.quarter, name: group.name, yesterday: shown }];
    }),
    map: mapModel(
      source.geo,
      metered.map(({ site }) => site),
      parks,
    ),
  };
};
