/** Homes appear only in groups: never one site, and never a group in which one home could be told. */
import type { Device, Site } from '../../core/town.ts';
import type { Directory } from '../directory.ts';

/** Fewer meters than this are not shown at all. */
export const groupMetersMin = 11;

export const isResidential = (site: Site): boolean => site.owner === 'residential';

/** Sites that may be shown by themselves. */
export const shownSites = (directory: Directory): Site[] => directory.town.sites.filter((site) => !isResidential(site));

/** True where the device stands at a home: its name is not shown. */
export const isPrivate = (directory: Directory, subject: string): boolean => {
  const device: Device | undefined = directory.town.devices.find(({ id }) => id === subject);
  return device?.site !== undefined && isResidential(directory.site(device.site));
};

export interface Group {
  readonly quarter: string;
  readonly name: string;
  readonly sites: readonly Site[];
}

/** The homes of each quarter, without the groups that would be too small. */
export const residentialGroups = (directory: Directory): Group[] =>
  directory.town.quarters.flatMap(({ id, name }) => {
    const sites = directory.town.sites.filter((site) => isResidential(site) && site.quarter === id);
    const meters = sites.reduce((sum, site) => sum + directory.devicesOf(site.id).length, 0);
    return meters < groupMetersMin ? [] : [{ quarter: id, name, sites }];
  });
