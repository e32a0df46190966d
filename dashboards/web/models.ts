/** What each page is given: plain data, the same in every language. How it is put together is left to load/, how it looks to pages/. */
import type { CarrierName } from '../../core/device-type.ts';
import type { FailureCode } from '../../core/failure.ts';
import type { MonthState } from '../../core/month.ts';
import type { ChangeCause, PlantLife, ReceiptGap, Status } from '../../core/views.ts';
import type { Amount, PeriodFigures } from '../figures/energy.ts';
import type { Forecast } from '../figures/forecast.ts';
import type { CarPark, Street } from '../figures/parking.ts';
import type { AlarmPageModel, AlarmsModel, AnomalyLine } from './alarm-models.ts';

export type Language = 'fr' | 'en';

/** What every page knows. */
export interface Frame {
  readonly language: Language;
  readonly town: string;
  readonly zone: string;
  readonly now: number;
  /** Path and query without the language: `/sites?sort=name`. */
  readonly path: string;
  readonly simulated: boolean;
  readonly assets: Assets;
}

export interface Assets {
  readonly script: string;
  readonly styles: readonly string[];
}

export interface MapShape {
  readonly layer: string;
  readonly d: string;
  readonly name: string;
}
export interface MapPoint {
  readonly layer: 'station' | 'site' | 'car-park';
  readonly x: number;
  readonly y: number;
  readonly name: string;
  readonly detail: string;
  readonly site: string | null;
}
export interface MapModel {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly MapShape[];
  readonly points: readonly MapPoint[];
  readonly labels: readonly { readonly x: number; readonly y: number; readonly text: string }[];
  readonly attributions: readonly string[];
}

export interface Comparison {
  readonly now: Amount;
  readonly before: Amount;
  /** Both are cut here: the last hour that is over. */
  readonly until: number;
  readonly beforeStart: number;
}

export interface TownModel {
  readonly today: PeriodFigures;
  readonly yesterday: PeriodFigures;
  readonly comparison: Comparison | null;
  /** Public sites with meters, and those without, which have no part in the figures. */
  readonly sites: { readonly metered: number; readonly unmetered: number };
  /** Envelopes that wait where processing is behind; null where it keeps up. */
  readonly behind: number | null;
  readonly pv: { readonly today: Amount; readonly watts: number | null; readonly reporting: number; readonly devices: Readonly<Record<string, number | null>> };
  readonly alarms: { readonly open: readonly AnomalyLine[]; readonly more: boolean };
  readonly parks: readonly CarPark[];
  readonly homes: readonly { readonly quarter: string; readonly name: string; readonly yesterday: Amount }[];
  readonly map: MapModel | null;
}

/** What is said of a site wherever it appears. */
export interface SiteHead {
  readonly id: string;
  readonly name: string;
  readonly use: string;
  readonly quarter: string;
  readonly areaM2: number | null;
}

export interface DayBar {
  /** null where nothing is known. */
  readonly kWh: number | null;
  readonly coverage: number;
}

export interface SiteLine extends SiteHead {
  readonly yesterday: PeriodFigures;
  /** Oldest first. */
  readonly days: readonly DayBar[];
  /** Of a mean day; null where none was seen well enough. */
  readonly kWhPerM2: number | null;
}

export interface SitesModel {
  readonly lines: readonly SiteLine[];
  /** Of those listed, how many are the town's own; and how many sites are not listed, since they have no meter. */
  readonly counts: { readonly public: number; readonly unmetered: number };
  readonly uses: readonly string[];
  readonly use: string | null;
  readonly sort: SiteSort;
  readonly day: number;
  readonly homes: readonly { readonly name: string; readonly meters: number; readonly yesterday: Amount }[];
}
export const siteSorts = ['name', 'energy', 'intensity', 'coverage'] as const;
export type SiteSort = (typeof siteSorts)[number];

export interface CurveRow {
  readonly start: number;
  readonly end: number;
  readonly kWh: number | null;
  /** Mean power over the window, kW. */
  readonly kW: number | null;
  readonly beforeKW: number | null;
  readonly coverage: number;
  readonly open: boolean;
  readonly flags: readonly string[];
  readonly version: number;
}

export interface HeatDay {
  readonly date: string;
  readonly start: number;
  /** 23, 24 or 25. */
  readonly hours: readonly { readonly start: number; readonly kWh: number | null; readonly coverage: number }[];
}

/** A month of a site or of a figure: how final it is. */
export interface MonthModel {
  readonly state: 'open' | MonthState;
  /** Epoch ms, log time. */
  readonly closes: number;
}

export interface SiteModel extends SiteHead {
  /** Civil dates, both inclusive. */
  readonly from: string;
  readonly to: string;
  readonly carrier: CarrierName;
  readonly carriers: readonly CarrierName[];
  /** Of the curve. */
  readonly window: 'PT15M' | 'PT1H' | 'P1D';
  /** It would be shorter, did all its meters report more often. */
  readonly isCoarse: boolean;
  readonly figures: PeriodFigures;
  readonly comparison: Comparison | null;
  readonly meters: readonly { readonly device: string; readonly quantity: string; readonly carrier: CarrierName; readonly amount: Amount }[];
  readonly rows: readonly CurveRow[];
  /** Empty where its meters do not report by the hour. */
  readonly heat: readonly HeatDay[];
  /** Newest first. */
  readonly months: readonly (MonthModel & {
    readonly start: number;
    readonly from: string;
    readonly to: string;
    readonly amount: Amount;
    readonly revised: boolean;
  })[];
  readonly alarms: readonly AnomalyLine[];
  /** Series of its devices that are too young to judge. */
  readonly learning: readonly {
    readonly device: string;
    readonly quantity: { readonly fr: string; readonly en: string };
    readonly days: number;
    readonly of: number;
  }[];
}

export interface ParkingModel {
  readonly parks: readonly (CarPark & { readonly hours: string | null; readonly ahead: readonly Forecast[] })[];
  readonly streets: readonly Street[];
  readonly map: MapModel | null;
}

/** What a system said of a file that it could not write; its error's name is null where it gave none. */
export interface DiskTrouble {
  readonly errno: string | null;
  readonly detail: string;
}

export interface OperationsModel {
  readonly state: 'open' | 'catching-up' | 'waiting' | 'trouble';
  readonly trouble: DiskTrouble | null;
  /** Since when the log cannot be written, epoch ms. */
  readonly troubleSince: number | null;
  /** Why the store waits. */
  readonly waiting: Status['waiting'];
  readonly heldBytes: number | null;
  readonly uncommittedRows: number;
  readonly plant: PlantLife | null;
  /** Limits of the door that were reached, by name. */
  readonly limits: readonly { readonly name: string; readonly count: number }[];
  readonly envelopesPerSecond: number;
  readonly readingsPerSecond: number;
  readonly lagEnvelopes: number;
  readonly lagMs: number;
  readonly storeBytes: number;
  readonly diskFreeBytes: number | null;
  readonly held: number | null;
  readonly connections: number | null;
  readonly startedAt: number;
  readonly books: {
    readonly balanced: boolean;
    readonly envelopes: Readonly<Record<string, number>>;
    readonly readings: Readonly<Record<string, number>>;
    readonly qos0Dropped: number;
    readonly unidentified: number;
  };
  readonly letterCounts: readonly {
    readonly code: string;
    readonly subject: string;
    readonly count: number;
    readonly lastLogTime: number;
    readonly adoptable: boolean;
  }[];
  readonly letters: readonly {
    readonly offset: number;
    readonly item: number;
    readonly subject: string;
    readonly code: FailureCode;
    readonly message: string;
    readonly topic: string;
    readonly logTime: number;
    readonly payload: string;
    readonly reopened: boolean;
  }[];
  readonly types: readonly { readonly name: string; readonly label: { readonly fr: string; readonly en: string } }[];
  readonly sites: readonly { readonly id: string; readonly name: string }[];
  readonly silent: readonly { readonly device: string; readonly since: number }[];
  readonly silentHomes: number;
  readonly anomalies: readonly AnomalyLine[];
  readonly devices: number;
  readonly message: string | null;
  /** What is adopted must give its name from now on. */
  readonly mustGiveName: boolean;
}

export interface ReceiptModel {
  readonly device: string;
  readonly label: { readonly fr: string; readonly en: string };
  readonly quantity: string;
  readonly unit: string;
  readonly window: string;
  readonly start: number;
  readonly end: number;
  readonly kind: string;
  readonly holdMs: number;
  readonly versions: readonly ReceiptPane[];
  readonly refolded: ReceiptPane | null;
  readonly month: MonthModel | null;
  readonly changes: readonly ReceiptChange[];
  readonly readings: readonly {
    readonly at: number;
    readonly value: number | string | null;
    readonly flags: readonly string[];
    readonly version: number;
    readonly envelope: number;
  }[];
  readonly more: number;
  readonly gaps: readonly ReceiptGap[];
}
export interface ReceiptChange {
  readonly at: number | null;
  readonly old: ReceiptPane | null;
  readonly new: ReceiptPane;
  readonly why: readonly ChangeCause[];
  readonly isAdjustment: boolean;
}
export interface ReceiptPane {
  readonly value: number | null;
  readonly text: string | null;
  readonly unallocated: number | null;
  readonly coverage: number;
  readonly count: number;
  readonly flags: readonly string[];
  readonly version: number | null;
  readonly revision: number | null;
}

export interface SumModel {
  /** null: the town. */
  readonly site: { readonly id: string; readonly name: string } | null;
  readonly figures: PeriodFigures;
  readonly factors: readonly { readonly carrier: CarrierName; readonly eur: number | null; readonly grams: number | null }[];
  readonly rows: readonly {
    readonly device: string;
    readonly quantity: string;
    readonly carrier: CarrierName;
    readonly window: string;
    readonly start: number;
    readonly kWh: number | null;
    readonly coverage: number;
    readonly version: number | null;
  }[];
  readonly more: number;
  /** Where the days are one civil month: its state, and what changed it after it was closed. */
  readonly month: (MonthModel & { readonly adjustments: readonly (ReceiptChange & { readonly device: string; readonly quantity: string })[] }) | null;
}

/** Why there is no page. */
export interface ProblemModel {
  readonly status: number;
  readonly code: FailureCode;
  /** The parameter concerned. */
  readonly field: string | null;
  /** What was found, in English. */
  readonly detail: string;
}

export type Page =
  | { readonly kind: 'town'; readonly model: TownModel }
  | { readonly kind: 'sites'; readonly model: SitesModel }
  | { readonly kind: 'site'; readonly model: SiteModel }
  | { readonly kind: 'parking'; readonly model: ParkingModel }
  | { readonly kind: 'alarms'; readonly model: AlarmsModel }
  | { readonly kind: 'alarm'; readonly model: AlarmPageModel }
  | { readonly kind: 'operations'; readonly model: OperationsModel }
  | { readonly kind: 'receipt'; readonly model: ReceiptModel }
  | { readonly kind: 'sum'; readonly model: SumModel }
  | { readonly kind: 'accessibility' }
  | { readonly kind: 'problem'; readonly problem: ProblemModel };
