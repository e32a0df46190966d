/** What the pages of alarms and anomalies are given: plain data, the same in every language. Those of the other pages are in models.ts. */
import type { Alarm, AlarmException } from '../../core/alarm.ts';
import type { AnomalyKind } from '../../core/reading.ts';

export interface AnomalyLine {
  readonly id: string;
  /** null: a home, not named. */
  readonly device: string | null;
  readonly site: string | null;
  readonly quantity: string;
  readonly kind: AnomalyKind;
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
  /** When what raised it was measured, where that is not when it was raised. */
  readonly measuredAt: number | null;
  /** Of several anomalies, the quantity of the newest. */
  readonly newest: { readonly fr: string; readonly en: string } | null;
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

/** Of the four weeks before, how many are known: the least and the most over the hours that have a range; where none has, the most there is. */
export interface WeeksKnown {
  readonly least: number;
  readonly most: number;
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
  readonly weeks: WeeksKnown;
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
  | {
      readonly why: null;
      readonly kWh: number;
      readonly hours: number;
      readonly eur: number | null /** Of CO₂ equivalent. */;
      readonly kg: number | null;
      readonly weeks: WeeksKnown;
    };

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
