/** What each page is given: plain data, the same in every language. How it is put together is left to load/, how it looks to pages/. */
import type { Alarm, AlarmException } from '../../core/alarm.ts';
import type { CarrierName } from '../../core/device-type.ts';
import type { MonthState } from '../../core/month.ts';
import type { ChangeCause, PlantLife, Status } from '../../core/views.ts';
import type { Amount, PeriodFigures } from '../figures/energy.ts';
import type { CarPark, Street } from '../figures/parking.ts';

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

export interface AnomalyLine {
  readonly id: string;
  /** null: a home, not named. */
  readonly device: string | null;
  readonly site: string | null;
  readonly quantity: string;
  readonly kind: string;
  readonly since: number;
  readonly until: number | null;
  readonly reason: { readonly fr: string; readonly en: string };
  /** Readings in its span changed after it was judged; with the receipt that shows them, where there is one. */
  readonly revised: { readonly receipt: string | null } | null;
}

export interface AlarmModel
  extends Pick<Alarm, 'kind' | 'priority' | 'state' | 'since' | 'until' | 'anomalies' | 'lasting' | 'acknowledged' | 'shelved' | 'label' | 'flood' | 'reason'> {
  /** null: a home, not named, and not answered here. */
  readonly id: string | null;
  readonly place: string | null;
  readonly site: string | null;
  readonly receipt: string | null;
}

export interface AlarmsModel {
  readonly active: readonly AlarmModel[];
  readonly shelved: readonly AlarmModel[];
  /** There are more than are shown. */
  readonly more: boolean;
  readonly closed: readonly AlarmModel[];
  readonly exceptions: readonly AlarmException[];
  readonly answered: boolean;
}

/** One window of the curve around an alarm; values per hour for amounts. */
export interface AroundRow {
  readonly start: number;
  readonly end: number;
  readonly value: number | null;
  /** Lowest and highest of the same hour in the four weeks before, or ever; null where too little is known. */
  readonly usual: readonly [number, number] | null;
  /** Median of the four weeks. */
  readonly middle: number | null;
  /** What the detector expected, where it judged. */
  readonly expected: number | null;
  readonly coverage: number;
  readonly open: boolean;
  /** It lasted in this window. */
  readonly unusual: boolean;
}

export interface AroundModel {
  readonly window: 'PT1H' | 'P1D';
  readonly rows: readonly AroundRow[];
  readonly range: 'weeks' | 'ever';
  readonly begin: number;
  readonly end: number;
}

/** What the detector said, in the quantity's unit; per hour for what it says of hours of an amount. */
export interface JudgedModel {
  readonly unit: string;
  readonly perHour: boolean;
  readonly observed: number | null;
  readonly expected: number | null;
  readonly usual: readonly [number, number] | null;
  /** (observed − expected) / expected. */
  readonly share: number | null;
  /** Days that it looked back on. */
  readonly days: number | null;
}

/** What it comes to, or why that cannot be said. */
export type DifferenceModel =
  | { readonly why: 'no-energy' | 'doubt' | 'unknown' }
  | { readonly why: null; readonly kWh: number; readonly hours: number; readonly eur: number | null };

/** A past case like the alarm at hand. */
export interface CaseModel {
  readonly id: string;
  readonly device: string;
  readonly label: string;
  readonly nearness: 'device' | 'site' | 'type';
  readonly since: number;
  readonly until: number | null;
  readonly reason: { readonly fr: string; readonly en: string };
  readonly verdict: Alarm['label'];
  /** The alarm that the verdict stands on. */
  readonly alarm: string | null;
  readonly receipt: string | null;
}

export interface AlarmPageModel {
  readonly alarm: AlarmModel;
  readonly device: { readonly id: string; readonly label: string } | null;
  /** Of the curve. */
  readonly quantity: {
    readonly name: string;
    readonly label: { readonly fr: string; readonly en: string };
    readonly unit: string;
    readonly perHour: boolean;
  } | null;
  readonly judged: JudgedModel | null;
  readonly lastedMs: number;
  readonly difference: DifferenceModel;
  readonly around: AroundModel | null;
  readonly cases: readonly CaseModel[];
  readonly answered: boolean;
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
  readonly sites: number;
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

export interface SiteLine extends SiteHead {
  readonly yesterday: PeriodFigures;
  /** kWh a day, oldest first; null where nothing is known. */
  readonly days: readonly (number | null)[];
  readonly kWhPerM2: number | null;
}

export interface SitesModel {
  readonly lines: readonly SiteLine[];
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
  readonly window: 'PT15M' | 'PT1H' | 'P1D';
  readonly figures: PeriodFigures;
  readonly comparison: Comparison | null;
  readonly meters: readonly { readonly device: string; readonly quantity: string; readonly carrier: CarrierName; readonly amount: Amount }[];
  readonly rows: readonly CurveRow[];
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
  readonly parks: readonly (CarPark & { readonly hours: string | null })[];
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
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
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
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
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
  | { readonly kind: 'problem'; readonly status: number; readonly detail: string };
