/** A CSV file as batches of decoded rows, by its profile. Constant memory. Appending them to the log is left to the caller. */
import type { ImportRows } from '../core/envelope.ts';
import { type FailureCode, fail } from '../core/failure.ts';
import { type CivilClock, civilClock, readCivil, readOffsetStamp, stampForm, yearFirst } from './civil.ts';
import { cellsOf, type Line, linesOf } from './csv.ts';
import type { Profile, ProfileColumn } from './profile.ts';

/** Rows of a device in one envelope at the most. */
export const batchRowsMax = 2_000;
/** Refused rows of a device in one envelope at the most. */
export const batchRefusedMax = 500;
/** Characters of a refused row that are kept. */
const refusedCharsMax = 200;

/** What goes into one envelope. */
export interface DeviceRows {
  readonly subject: string;
  readonly rows: ImportRows;
}

interface Column extends ProfileColumn {
  /** Place in the row. */
  readonly at: number;
  readonly missingSet: ReadonlySet<string>;
  readonly missingNumbers: ReadonlySet<number>;
}

/** The columns of one device, or of every device of a long file; they share the stamp. */
interface Group {
  readonly device: string | undefined;
  readonly zone: string;
  readonly columns: readonly Column[];
}

interface Pending {
  readonly columns: readonly Column[];
  at: number[];
  values: (number | string | null)[][];
  refused: { code: FailureCode; message: string; line: number; text: string }[];
}

/** A cell that cannot be read. */
const unreadable = Symbol('unreadable');
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

const groupsOf = (profile: Profile, header: readonly string[]): Group[] => {
  const groups = new Map<string | undefined, Column[]>();
  for (const column of profile.columns) {
    const numbers = column.missing.filter((text) => decimal.test(text)).map(Number);
    const own: Column = { ...column, at: header.indexOf(column.column), missingSet: new Set(column.missing), missingNumbers: new Set(numbers) };
    groups.set(column.device, [...(groups.get(column.device) ?? []), own]);
  }
  return [...groups].map(([device, columns]) => ({ device, columns, zone: columns[0]?.zone ?? profile.time.zone }));
};

/** @throws FailureError `profile-invalid` where the file has a column that the profile does not name, or lacks one */
const checkHeader = (profile: Profile, header: readonly string[], source: string): void => {
  const named = [profile.time.column, ...(profile.deviceColumn === undefined ? [] : [profile.deviceColumn]), ...profile.columns.map(({ column }) => column)];
  const absent = [...named, ...profile.ignore].filter((column) => !header.includes(column));
  const unknown = header.filter((column) => !named.includes(column) && !profile.ignore.includes(column));
  const faults = [...unknown.map((column) => `the profile does not name the column "${column}"`), ...absent.map((column) => `there is no column "${column}"`)];
  if (new Set(header).size < header.length) faults.push('a column is there twice');
  if (faults.length > 0) throw fail('profile-invalid', `${profile.name}: ${faults.slice(0, 10).join('; ')}`, `${source}:1`);
};

/** Turns lines into batches; what is full waits in `full`. */
class RowReader {
  readonly full: DeviceRows[] = [];
  rows = 0;
  readonly #profile: Profile;
  readonly #source: string;
  readonly #header: readonly string[];
  readonly #groups: readonly Group[];
  readonly #devices: ReadonlySet<string>;
  readonly #timeAt: number;
  readonly #deviceAt: number;
  readonly #pending = new Map<string, Pending>();
  /** By device: which of two hours a stamp means may go by the rows of its own before. */
  readonly #clocks = new Map<string, CivilClock>();

  constructor(profile: Profile, header: readonly string[], source: string) {
    this.#profile = profile;
    this.#source = source;
    this.#header = header;
    this.#groups = groupsOf(profile, header);
    this.#devices = new Set(profile.devices.map(({ id }) => id));
    this.#timeAt = header.indexOf(profile.time.column);
    this.#deviceAt = profile.deviceColumn === undefined ? -1 : header.indexOf(profile.deviceColumn);
  }

  take(line: Line): void {
    this.rows++;
    const cells = line.cut ? null : cellsOf(line.text, this.#profile.delimiter);
    if (cells === null || cells.length !== this.#header.length) {
      const found = line.cut ? 'the row is too long' : cells === null ? 'a quote is out of place' : `${cells.length} cells instead of ${this.#header.length}`;
      this.#refuse(this.#firstDevice(), 'bad-row', found, line);
      return;
    }
    const stamp = this.#stampOf(cells[this.#timeAt] ?? '');
    for (const group of this.#groups) {
      const subject = group.device ?? cells[this.#deviceAt] ?? '';
      if (!this.#devices.has(subject)) this.#refuse(this.#firstDevice(), 'bad-row', `the profile declares no device "${subject.slice(0, 64)}"`, line);
      else this.#takeGroup(subject, group, stamp, cells, line);
    }
  }

  /** Hands on what is not full. */
  end(): void {
    for (const [subject, pending] of this.#pending) this.#handOn(subject, pending);
  }

  #takeGroup(subject: string, group: Group, stamp: number, cells: readonly string[], line: Line): void {
    const text = cells[this.#timeAt] ?? '';
    if (Number.isNaN(stamp)) {
      const { format, dateOrder } = this.#profile.time;
      const hint = format === 'civil' && dateOrder === 'ymd' && yearFirst(text) !== '' ? '; `dateOrder: dmy` in the profile reads it' : '';
      this.#refuse(subject, 'bad-time', `"${text.slice(0, 40)}" is not ${stampForm(this.#profile.time)}${hint}`, line);
      return;
    }
    const { format, stamp: end } = this.#profile.time;
    const instant = format === 'offset' ? stamp : this.#clockOf(subject, group)(stamp);
    if (instant === null) {
      this.#refuse(subject, 'no-such-local-time', `"${text}" does not exist, or exists twice, in ${group.zone}`, line);
      return;
    }
    const at = end === 'end' ? instant - (this.#profile.stepMs ?? 0) : instant;
    const values = group.columns.map((column) => this.#valueOf(column, cells[column.at] ?? ''));
    if (values.includes(unreadable)) this.#takeReadable(subject, group, at, values, cells, line);
    else this.#add(subject, group.columns, at, values as (number | string | null)[]);
  }

  /** A row with a bad cell: the others go on, in a batch of their own. */
  #takeReadable(subject: string, group: Group, at: number, values: readonly unknown[], cells: readonly string[], line: Line): void {
    for (const [c, column] of group.columns.entries()) {
      if (values[c] !== unreadable) continue;
      this.#refuse(subject, 'bad-cell', `${column.column}: "${(cells[column.at] ?? '').slice(0, 40)}" is not a number`, line);
    }
    const isGood = (_: unknown, c: number): boolean => values[c] !== unreadable;
    const columns = group.columns.filter(isGood);
    if (columns.length === 0) return;
    const before = this.#pending.get(subject);
    if (before !== undefined) this.#handOn(subject, before);
    this.#add(subject, columns, at, values.filter(isGood) as (number | string | null)[]);
    const alone = this.#pending.get(subject);
    if (alone !== undefined) this.#handOn(subject, alone);
  }

  #stampOf(text: string): number {
    const { format, midnight, dateOrder } = this.#profile.time;
    return format === 'offset' ? readOffsetStamp(text) : readCivil(dateOrder === 'dmy' ? yearFirst(text) : text, midnight === 'end');
  }

  #clockOf(subject: string, { zone }: Group): CivilClock {
    let clock = this.#clocks.get(subject);
    if (clock === undefined) {
      clock = civilClock({ ...this.#profile.time, zone });
      this.#clocks.set(subject, clock);
    }
    return clock;
  }

  #valueOf(column: Column, cell: string): number | string | null | typeof unreadable {
    if (column.missingSet.has(cell)) return null;
    if (column.words) return cell;
    // 1.234 may be a thousand and more, grouped by dots: a dot is no part of a number with a decimal comma.
    const text = this.#profile.decimal === '.' ? cell : cell.includes('.') ? '' : cell.replace(',', '.');
    if (!decimal.test(text)) return unreadable;
    const value = Number(text);
    if (column.missingNumbers.has(value)) return null;
    return column.factor === 1 ? value : value * column.factor;
  }

  #firstDevice(): string {
    return this.#profile.devices[0]?.id ?? '';
  }

  #pendingOf(subject: string, columns: readonly Column[]): Pending {
    let pending = this.#pending.get(subject);
    if (pending === undefined) {
      pending = { columns, at: [], values: columns.map(() => []), refused: [] };
      this.#pending.set(subject, pending);
    }
    return pending;
  }

  #add(subject: string, columns: readonly Column[], at: number, values: readonly (number | string | null)[]): void {
    const pending = this.#pendingOf(subject, columns);
    pending.at.push(at);
    for (let c = 0; c < values.length; c++) pending.values[c]?.push(values[c] ?? null);
    if (pending.at.length >= batchRowsMax) this.#handOn(subject, pending);
  }

  #refuse(subject: string, code: FailureCode, message: string, line: Line): void {
    const columns = (this.#groups.find(({ device }) => device === undefined || device === subject) ?? this.#groups[0])?.columns ?? [];
    const pending = this.#pendingOf(subject, columns);
    pending.refused.push({ code, message, line: line.number, text: line.text.slice(0, refusedCharsMax) });
    if (pending.refused.length >= batchRefusedMax) this.#handOn(subject, pending);
  }

  #handOn(subject: string, pending: Pending): void {
    this.#pending.delete(subject);
    const columns = pending.columns.map(({ quantity, spanMs }) => ({ quantity, spanMs }));
    this.full.push({ subject, rows: { source: this.#source, columns, at: pending.at, values: pending.values, refused: pending.refused } });
  }
}

/**
 * Reads a file.
 * @param chunks its text
 * @param source its name without folders
 * @returns per chunk: the rows read so far, and batches of one device each, in the order of the file for each device
 * @throws FailureError `profile-invalid` where the header is not the profile's
 */
export async function* readRows(chunks: AsyncIterable<string>, profile: Profile, source: string): AsyncIterable<{ rows: number; batches: DeviceRows[] }> {
  let reader: RowReader | null = null;
  for await (const lines of linesOf(chunks)) {
    for (const line of lines) {
      if (reader !== null) reader.take(line);
      else {
        const header = cellsOf(line.text, profile.delimiter) ?? [];
        checkHeader(profile, header, source);
        reader = new RowReader(profile, header, source);
      }
    }
    if (reader !== null && reader.full.length > 0) yield { rows: reader.rows, batches: reader.full.splice(0) };
  }
  if (reader === null) throw fail('profile-invalid', 'the file is empty', source);
  reader.end();
  yield { rows: reader.rows, batches: reader.full.splice(0) };
}
