/** The queries of dead letters: found by their small columns, then fetched whole (`bodies.ts`). */
import type { DeadLetter } from '../../core/reading.ts';
import type { Store } from '../../core/store.ts';
import { deadLetterCursor, page, parseDeadLetterCursor, upToChars } from '../paging.ts';
import { bodiesAt } from './bodies.ts';
import { type Cells, cellsOf } from './columns.ts';
import type { Parameter, Reader, Readers } from './readers.ts';

/** Those of a code ($1) that were not reopened by rows written below a revision ($2). */
const openLetters = `dead_letters AS letter WHERE version = 0 AND code = $1 AND revision < $2 AND NOT EXISTS (
    SELECT 1 FROM dead_letters AS later
    WHERE later.version > 0 AND later.code = $1 AND later.revision < $2 AND later.log_offset = letter.log_offset AND later.item = letter.item
  )`;
/** A parameter that is null asks for anything. */
const openSql = `SELECT rowid FROM ${openLetters} AND ($3::BIGINT IS NULL OR at_ms <= $3)
  AND ($4::VARCHAR IS NULL OR subject IN (SELECT unnest(from_json($4, '["VARCHAR"]')))) ORDER BY log_offset, item LIMIT $5`;
const sendersSql = `SELECT DISTINCT json_extract_string(body, '$.sender') FROM ${openLetters} AND subject = $3`;
const earliestSql = `SELECT min(at_ms) FROM ${openLetters} AND at_ms >= $3`;
/** Both versions of a letter follow each other. */
const pageSql = `SELECT rowid FROM dead_letters
  WHERE ($1::VARCHAR IS NULL OR subject = $1) AND ($2::VARCHAR IS NULL OR code = $2) AND (log_offset < $3 OR (log_offset = $3 AND (item < $4 OR (item = $4 AND code > $5))))
  ORDER BY log_offset DESC, item DESC, code, version DESC LIMIT $6`;
const countsSql = `SELECT code, subject, count(*), max(log_time) FROM dead_letters AS letter WHERE version = 0 AND NOT EXISTS (
    SELECT 1 FROM dead_letters AS later WHERE later.version > 0 AND later.code = letter.code AND later.log_offset = letter.log_offset AND later.item = letter.item
  ) GROUP BY code, subject ORDER BY code, subject`;

const rowsOf = async <Row>(reader: Reader, sql: string, parameters: readonly Parameter[], rowAt: (cells: Cells[], row: number) => Row): Promise<Row[]> => {
  const rows: Row[] = [];
  for await (const chunk of reader.chunks(sql, parameters)) {
    const cells = Array.from({ length: chunk.columnCount }, (_, column) => cellsOf(chunk, column));
    for (let row = 0; row < chunk.rowCount; row++) rows.push(rowAt(cells, row));
  }
  return rows;
};
const firstNumber = (cells: Cells[], row: number): number => (cells[0] as Cells).number(row);

/** The letters of these rows, until `isEnough`. */
const whole = async (reader: Reader, rowIds: readonly number[], isEnough: (letters: readonly DeadLetter[]) => boolean = () => false): Promise<DeadLetter[]> => {
  const found: DeadLetter[] = [];
  for await (const letters of bodiesAt<DeadLetter>(reader, 'dead_letters', rowIds)) {
    found.push(...letters);
    if (isEnough(found)) break;
  }
  return found;
};

const identity = deadLetterCursor;

/** What the port asks of dead letters. */
export type Letters = Pick<Store, 'deadLetters' | 'deadLetterSenders' | 'deadLetterEarliest' | 'deadLettersPage' | 'deadLetterCounts'>;

export const letters = (readers: Readers): Letters => ({
  deadLetters: ({ code, subjects, atMax, limit, charsMax }, before) =>
    readers.use(async (reader) => {
      const parameters = [code, before, atMax ?? null, subjects === undefined ? null : JSON.stringify(subjects), limit];
      const rowIds = await rowsOf(reader, openSql, parameters, firstNumber);
      const isEnough = (found: readonly DeadLetter[]): boolean => upToChars(found, charsMax).length < found.length;
      return upToChars(await whole(reader, rowIds, isEnough), charsMax);
    }),
  deadLetterSenders: ({ code, subject }, before) =>
    readers.use((reader) => rowsOf(reader, sendersSql, [code, before, subject], (cells, row) => (cells[0] as Cells).text(row))),
  deadLetterEarliest: ({ code, atMin }, before) =>
    readers.use(async (reader) => (await rowsOf(reader, earliestSql, [code, before, atMin], (cells, row) => (cells[0] as Cells).nullable(row)))[0] ?? null),
  async deadLettersPage({ subject, code, limit, after }) {
    const start = parseDeadLetterCursor(after);
    // Of each letter two rows at the most, of which one is shown.
    const parameters = [subject ?? null, code ?? null, start.offset, start.item, start.code, 2 * (limit + 1)];
    const both = await readers.use(async (reader) => whole(reader, await rowsOf(reader, pageSql, parameters, firstNumber)));
    const newest = new Map<string, DeadLetter>();
    for (const letter of both) if (letter.version >= (newest.get(identity(letter))?.version ?? 0)) newest.set(identity(letter), letter);
    const order = (a: DeadLetter, b: DeadLetter): number => b.offset - a.offset || b.item - a.item || (a.code < b.code ? -1 : 1);
    return page([...newest.values()].sort(order), limit, deadLetterCursor);
  },
  deadLetterCounts: () =>
    readers.use((reader) =>
      rowsOf(reader, countsSql, [], ([code, subject, count, lastLogTime], row) => ({
        code: (code as Cells).text(row),
        subject: (subject as Cells).text(row),
        count: (count as Cells).number(row),
        lastLogTime: (lastLogTime as Cells).number(row),
      })),
    ),
});
