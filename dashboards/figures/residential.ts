/** Homes appear only in groups: never one site, and never a group in which one home could be told. */

import { type CarrierName, carrierNames } from '../../core/device-type.ts';
import type { Site } from '../../core/town.ts';
import type { Directory } from '../directory.ts';
import { type Amount, amount, type Meter, metersOf, type Panes } from './energy.ts';

/** A figure of fewer homes is not shown at all. */
export const groupHomesMin = 11;

export const isResidential = (site: Site): boolean => site.owner === 'residential';

/** The town's own. */
export const isPublic = (site: Site): boolean => site.owner === 'public';

/** Sites that may be shown by themselves. */
export const shownSites = (directory: Directory): Site[] => directory.town.sites.filter((site) => !isResidential(site));

/**
 * True where a subject is not named and nothing of it is shown: it stands at a home, or ever stood at one; or it is no
 * device of the town, or one whose site is gone, so that nobody can say that it never did.
 */
export const isPrivate = (directory: Directory, subject: string): boolean => {
  const device = directory.find(subject);
  if (device === undefined || directory.wasHome(subject)) return true;
  if (device.site === undefined) return false;
  const site = directory.findSite(device.site);
  return site === undefined || isResidential(site);
};

/** As `isPrivate`, of a dead letter: a stranger is shown, so that it can be adopted. */
export const isPrivateLetter = (directory: Directory, { subject, code }: { readonly subject: string; readonly code: string }): boolean =>
  code === 'unknown-device' && directory.find(subject) === undefined ? directory.wasHome(subject) : isPrivate(directory, subject);

export interface Group {
  readonly quarter: string;
  readonly name: string;
  /** Of all its homes; what may be shown of them is for `groupAmount` to say. */
  readonly meters: readonly Meter[];
}

const homesOf = (meters: readonly Meter[]): number => new Set(meters.map(({ device }) => device.site)).size;

/** The meters at the homes of each quarter, without the quarters that have too few homes for any figure. */
export const residentialGroups = (directory: Directory): Group[] =>
  directory.town.quarters.flatMap(({ id, name }) => {
    const sites = directory.town.sites.filter((site) => isResidential(site) && site.quarter === id);
    const meters = sites.flatMap((site) => metersOf(directory, site));
    return homesOf(meters) < groupHomesMin ? [] : [{ quarter: id, name, meters }];
  });

/** A meter contributes where it has an amount in the period. */
const reports = (directory: Directory, panes: Panes, from: number, to: number, now: number) => (meter: Meter) =>
  amount(directory, [meter], panes, from, to, now).kWh !== null;

/**
 * What the homes of a group used in [from, to): of each carrier only where enough homes contribute to it, whatever else
 * is declared. Null where no carrier has enough.
 */
export const groupAmount = (directory: Directory, { meters }: Group, panes: Panes, from: number, to: number, now: number): Amount | null => {
  const isShown = (carrier: CarrierName): boolean =>
    homesOf(meters.filter((meter) => meter.carrier === carrier).filter(reports(directory, panes, from, to, now))) >= groupHomesMin;
  const carriers = carrierNames.filter(isShown);
  if (carriers.length === 0) return null;
  const shown = meters.filter(({ carrier }) => carriers.includes(carrier));
  return amount(directory, shown, panes, from, to, now);
};
