/** What an earlier import refused already: a second import of the same file must not count it again. Refusing is left to the pipeline. */
import type { ImportRows } from '../core/envelope.ts';
import { failures } from '../core/failure.ts';
import { type DeadLetter, deadLetterExcerptChars } from '../core/reading.ts';
import type { Views } from '../core/views.ts';
import type { Declared } from '../processors/registry.ts';
import { validate } from '../processors/validate.ts';

/** Rows that could not be read, cells that were not taken, and readings behind the horizon, each as one line of text. */
export type Refusals = ReadonlySet<string>;

const rowText = (subject: string, code: string, where: string, text: string): string => ['row', subject, code, where, text].join('\n');
const cellText = (subject: string, payload: string): string => ['cell', subject, payload].join('\n');
const horizonText = (subject: string, quantity: string, payload: string): string => ['horizon', subject, quantity, payload].join('\n');

const textOf = ({ subject, code, field, payload }: DeadLetter): string => {
  if (code === 'beyond-horizon') return horizonText(subject, field, payload);
  return payload.startsWith('{"ts":') ? cellText(subject, payload) : rowText(subject, code, field, payload);
};

/** Asks for what the books hold of it. */
export const refusalsOf = async (views: Pick<Views, 'deadLetterCounts' | 'deadLetters'>): Promise<Refusals> => {
  const found = new Set<string>();
  for (const { code, subject } of await views.deadLetterCounts()) {
    if (!['import', 'validate', 'identify'].includes(failures[code as DeadLetter['code']]?.stage)) continue;
    let after: string | undefined;
    do {
      const { rows, next } = await views.deadLetters({ subject, code, limit: 1_000, ...(after === undefined ? {} : { after }) });
      for (const letter of rows) found.add(textOf(letter));
      after = next ?? undefined;
    } while (after !== undefined);
  }
  return found;
};

/** The cell as the dead letter would name it that it becomes now, or once it lies behind the horizon. */
const refusalOf = (subject: string, declared: Declared, quantity: string, spanMs: number, ts: number, value: unknown, logTime: number): string => {
  const measured = validate({ declared, field: quantity, value, ts, spanMs, seq: undefined }, logTime);
  if ('refused' in measured) return cellText(subject, JSON.stringify({ ts, values: { [quantity]: value } }).slice(0, deadLetterExcerptChars));
  return horizonText(subject, measured.rule.quantity.name, JSON.stringify({ ts, quantity: measured.rule.quantity.name, quanta: measured.point.value }));
};

/**
 * The rows without what was refused before and would be again.
 * @param logTime epoch ms: what lay ahead of it then and does no longer is not left out
 * @returns a part for each column where cells are missing from some; none where nothing is left
 */
export const withoutKnown = (subject: string, rows: ImportRows, declared: Declared | undefined, known: Refusals, logTime: number): ImportRows[] => {
  const refused = rows.refused.filter(({ code, line, text }) => !known.has(rowText(subject, code, `${rows.source}:${line}`, text)));
  const rest = { ...rows, refused };
  const taken = rows.columns.map(({ quantity, spanMs }, column) =>
    rows.at.flatMap((ts, row) => {
      if (known.size === 0 || declared === undefined) return [row];
      return known.has(refusalOf(subject, declared, quantity, spanMs, ts, rows.values[column]?.[row] ?? null, logTime)) ? [] : [row];
    }),
  );
  const isWhole = taken.every((places) => places.length === rows.at.length);
  const parts = isWhole ? [rest] : rows.columns.map((one, column) => columnOf(rest, one, column, taken[column] ?? [], column === 0));
  return parts.filter((part) => part.at.length * part.columns.length > 0 || part.refused.length > 0);
};

const columnOf = (rows: ImportRows, one: ImportRows['columns'][number], column: number, places: readonly number[], isFirst: boolean): ImportRows => ({
  source: rows.source,
  columns: [one],
  at: places.map((row) => rows.at[row] as number),
  values: [places.map((row) => rows.values[column]?.[row] ?? null)],
  refused: isFirst ? rows.refused : [],
});
