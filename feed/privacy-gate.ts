/**
 * The privacy gate: the only way from the plant to the public. It denies by default; a device passes only where a rule
 * names the owner class of its site and its type, and no device of a home ever does.
 * What the rows look like is left to the datasets, which see what is admitted and nothing else.
 */
import type { ResolvedType } from '../core/device-type.ts';
import { coverage } from '../core/pane.ts';
import { fromQuanta, type Quantity } from '../core/quantity.ts';
import { Flag } from '../core/reading.ts';
import type { Key } from '../core/store.ts';
import { dayMs } from '../core/time.ts';
import type { Device, Site, Town } from '../core/town.ts';
import type { ShownPane, Views } from '../core/views.ts';
import type { Dataset, Fields, Row } from './dataset.ts';
import { type Rule, rules } from './rules.ts';

export interface AdmittedSite {
  readonly id: string;
  readonly name: string;
  /** Name of its quarter; null where it has none. */
  readonly quarter: string | null;
  readonly zone: string;
  readonly at: readonly [lon: number, lat: number] | null;
}

export interface AdmittedDevice {
  readonly id: string;
  readonly type: string;
  readonly label: string | null;
  readonly capacity: number | null;
  readonly at: readonly [lon: number, lat: number] | null;
  readonly zone: string;
  readonly site: AdmittedSite;
}

/** A value that was reported; `value` is null where it no longer holds, was refused or was missing. Canonical unit. */
export interface Held {
  readonly value: number | null;
  /** Event time of the report, epoch ms. */
  readonly at: number;
}

/** The amount of a civil day. */
export interface DayAmount {
  /** Start of the day, epoch ms. */
  readonly start: number;
  /** Canonical unit; null where nothing is known. */
  readonly amount: number | null;
  /** Observed share of the day, 0 to 1. */
  readonly coverage: number;
  readonly observedMs: number;
  readonly open: boolean;
  readonly revision: number;
}

/** What a dataset may know. */
export interface Admitted {
  /** Epoch ms. */
  readonly now: number;
  readonly devices: readonly AdmittedDevice[];
  /** Last values by device; only quantities of the rule. */
  latest(quantity: string): Promise<ReadonlyMap<string, Held>>;
  /** True where the device ever reported the quantity. */
  reports(device: string, quantity: string): boolean;
  /** Amounts of civil days with from <= start < to, by device. */
  days(quantity: string, devices: readonly string[], from: number, to: number): Promise<ReadonlyMap<string, readonly DayAmount[]>>;
}

export interface PrivacyGate {
  /** The datasets that have a rule; no other is listed or answered. */
  readonly datasets: readonly Dataset[];
  /** The public rows of a dataset; none where it has no rule. */
  rows(dataset: Dataset, now: number): Promise<Row[]>;
}

/** Panes of one question to the store. */
const panesMax = 20_000;

/** The one decision. */
const admits = (rule: Rule, device: Device, site: Site | undefined): boolean => {
  if (site === undefined) return false;
  if (site.owner === 'residential') return false;
  return rule.owners.includes(site.owner) && rule.types.includes(device.type);
};

const shownSite = (town: Town, site: Site): AdmittedSite => ({
  id: site.id,
  name: site.name,
  quarter: town.quarters.find(({ id }) => id === site.quarter)?.name ?? null,
  zone: site.zone ?? town.zone,
  at: site.at ?? null,
});

const admittedDevices = (town: Town, rule: Rule): Device[] => {
  const sites = new Map(town.sites.map((site) => [site.id, site]));
  return town.devices.filter((device) => admits(rule, device, device.site === undefined ? undefined : sites.get(device.site)));
};

const shownDevice = (town: Town, device: Device): AdmittedDevice[] =>
  town.sites
    .filter(({ id }) => id === device.site)
    .map((site) => ({
      id: device.id,
      type: device.type,
      label: device.label ?? null,
      capacity: device.capacity ?? null,
      at: device.at ?? null,
      zone: device.zone ?? site.zone ?? town.zone,
      site: shownSite(town, site),
    }));

const dayAmount = (quantity: Quantity, pane: ShownPane): DayAmount => ({
  start: pane.start,
  amount: pane.observedMs === 0 && pane.unallocated === 0 ? null : fromQuanta(quantity, pane.sum),
  coverage: coverage(pane),
  observedMs: pane.observedMs,
  open: pane.open,
  revision: pane.revision,
});

/** Only the fields that the dataset declares, each of them: what a dataset adds by mistake does not leave. */
const declared = (dataset: Dataset, { id, fields }: Row): Row => ({
  id,
  fields: Object.fromEntries(dataset.fields.map(({ name }) => [name, fields[name] ?? null])) as Fields,
});

/** What is asked of the plant. */
export type AskedViews = Pick<Views, 'town' | 'keys' | 'latest' | 'panes'>;

export interface PrivacyGateOptions {
  readonly views: AskedViews;
  readonly types: ReadonlyMap<string, ResolvedType>;
  readonly datasets: readonly Dataset[];
  /** Whether the views know the device, where they are those of one partition of several; default: they know all. */
  readonly isHere?: (device: string) => boolean;
}

/** Without devices whose rows would be made of others too, which are elsewhere: a part of a sum is no figure. */
const whole = ({ together }: Dataset, devices: readonly Device[], isHere: (device: string) => boolean): Device[] => {
  const split = new Set(devices.filter(({ id }) => !isHere(id)).map(together));
  return devices.filter((device) => !split.has(together(device)));
};

/** The privacy gate over a plant. */
export const privacyGate = ({ views, types, datasets, isHere = () => true }: PrivacyGateOptions): PrivacyGate => {
  const admitted = async (dataset: Dataset, rule: Rule, now: number): Promise<Admitted> => {
    const town = await views.town();
    const devices = new Map(whole(dataset, admittedDevices(town, rule), isHere).map((device) => [device.id, device]));
    const ids = [...devices.keys()];
    const keys = new Set((await views.keys()).filter(({ subject }) => devices.has(subject)).map(({ subject, quantity }) => `${subject}\n${quantity}`));
    const ruleOf = (subject: string, quantity: string) => {
      const device = devices.get(subject);
      const type = device === undefined ? undefined : types.get(device.type);
      const found = type?.rules.get(quantity);
      if (device === undefined || type === undefined || found === undefined || !rule.quantities.includes(quantity)) return null;
      return { quantity: found.quantity, holdMs: device.holdMs ?? found.holdMs ?? type.holdMs };
    };
    return {
      now,
      devices: [...devices.values()].flatMap((device) => shownDevice(town, device)),
      async latest(quantity) {
        const held = new Map<string, Held>();
        if (ids.length === 0) return held;
        for (const one of await views.latest(ids)) {
          const known = one.quantity === quantity ? ruleOf(one.subject, quantity) : null;
          if (known === null) continue;
          const holds = one.value !== null && (one.flags & Flag.excluded) === 0 && now - one.at <= known.holdMs;
          held.set(one.subject, { value: holds && one.value !== null ? fromQuanta(known.quantity, one.value) : null, at: one.at });
        }
        return held;
      },
      reports: (subject, quantity) => keys.has(`${subject}\n${quantity}`),
      async days(quantity, subjects, from, to) {
        const found = new Map<string, DayAmount[]>();
        const wanted: Key[] = subjects.filter((subject) => ruleOf(subject, quantity) !== null).map((subject) => ({ subject, quantity }));
        const step = Math.max(1, Math.floor(panesMax / Math.max(1, Math.ceil((to - from) / dayMs) + 2)));
        for (let i = 0; i < wanted.length; i += step) {
          for (const pane of await views.panes({ keys: wanted.slice(i, i + step), window: 'P1D', from, to, limit: panesMax })) {
            const known = ruleOf(pane.subject, pane.quantity);
            if (known === null) continue;
            const own = found.get(pane.subject) ?? [];
            own.push(dayAmount(known.quantity, pane));
            found.set(pane.subject, own);
          }
        }
        return found;
      },
    };
  };

  const ruleFor = (dataset: Dataset): Rule | null => (Object.hasOwn(rules, dataset.id) ? (rules[dataset.id] ?? null) : null);
  return {
    datasets: datasets.filter((dataset) => ruleFor(dataset) !== null),
    async rows(dataset, now) {
      const rule = ruleFor(dataset);
      if (rule === null) return [];
      return (await dataset.rows(await admitted(dataset, rule, now))).map((row) => declared(dataset, row));
    },
  };
};
