/** What an open dataset is: its fields, and how its rows follow from what the privacy gate admitted. What is admitted is left to privacy-gate.ts and rules.ts. */
import type { Device } from '../core/town.ts';
import type { Admitted } from './privacy-gate.ts';

export type FieldType = 'text' | 'int' | 'double' | 'date' | 'datetime' | 'geo_point_2d';

export interface GeoPoint {
  readonly lon: number;
  readonly lat: number;
}

/** text and date (civil, `2026-03-29`): a string; int, double: a number; datetime: epoch ms. */
export type Value = string | number | GeoPoint | null;
export type Fields = Readonly<Record<string, Value>>;

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly label: string;
  readonly description: string;
}

/** One public row. */
export interface Row {
  /** Unique in the dataset and stable: also its MQTT level, so of letters, digits, ".", "_" and "-". */
  readonly id: string;
  readonly fields: Fields;
}

export interface Dataset {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly fields: readonly Field[];
  /** Its rows are made again at most this often, ms. */
  readonly refreshMs: number;
  /** Devices for which this is the same go into the same rows. */
  together(device: Pick<Device, 'id' | 'site' | 'type'>): string;
  /** Rows in the order in which they are listed without `order_by`. Called with what the privacy gate admitted, and nothing else. */
  rows(admitted: Admitted): Promise<Row[]>;
  /** What MQTT retains: the newest row a key. Keys are few and last, where rows grow with time. */
  retained(rows: readonly Row[]): ReadonlyMap<string, Row>;
}
