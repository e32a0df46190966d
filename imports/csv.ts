/** CSV text as numbered lines, and a line as its cells (RFC 4180, but a quoted cell ends on its line). What the cells mean is left to `rows.ts`. */

/** A longer line is handed on cut, and marked. */
export const lineCharsMax = 65_536;

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
  /** It was longer than `lineCharsMax`: the text is only its start. */
  readonly cut: boolean;
}

/** The lines of a text that comes in chunks, a batch a chunk; blank ones are left out. Holds one line at most. */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncIterable<Line[]> {
  let rest = '';
  let cut = false;
  let number = 1;
  const take = (text: string): Line | null => {
    const line = { number, text: text.endsWith('\r') ? text.slice(0, -1) : text, cut: cut || text.length > lineCharsMax };
    number++;
    cut = false;
    if (line.cut) return { ...line, text: line.text.slice(0, lineCharsMax) };
    return line.text === '' ? null : line;
  };
  let isFirst = true;
  for await (const chunk of chunks) {
    const text = isFirst && chunk.startsWith('\uFEFF') ? chunk.slice(1) : chunk;
    isFirst = false;
    const lines: Line[] = [];
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = take(rest + text.slice(from, end));
      if (line !== null) lines.push(line);
      rest = '';
      from = end + 1;
    }
    rest += text.slice(from);
    if (rest.length > lineCharsMax) {
      rest = rest.slice(0, lineCharsMax);
      cut = true;
    }
    yield lines;
  }
  const last = take(rest);
  if (last !== null) yield [last];
}

/** The cells of a line; null where a quote is out of place or is not closed. */
export const cellsOf = (line: string, delimiter: string): string[] | null => {
  if (!line.includes('"')) return line.split(delimiter);
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    let end: number;
    if (line[at] === '"') {
      let cell = '';
      for (at++; ; at++) {
        const quote = line.indexOf('"', at);
        if (quote < 0) return null;
        cell += line.slice(at, quote);
        at = quote + 1;
        if (line[at] !== '"') break;
        cell += '"';
      }
      cells.push(cell);
      end = at;
      if (end < line.length && line[end] !== delimiter) return null;
    } else {
      end = line.indexOf(delimiter, at);
      if (end < 0) end = line.length;
      const cell = line.slice(at, end);
      if (cell.includes('"')) return null;
      cells.push(cell);
    }
    if (end >= line.length) return cells;
    at = end + 1;
  }
};
