/** Names that somebody may have meant. */

/** Letters to change, add or take away between two texts (Levenshtein 1966). */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};

const shownMax = 3;

/** The names that are nearest to a text: those that hold it, or that it holds, before those that differ by letters. */
export const nearest = (text: string, names: Iterable<string>): string[] => {
  const asked = text.toLowerCase();
  const far = (name: string): number => {
    const other = name.toLowerCase();
    const apart = distance(asked, other);
    return other.includes(asked) || asked.includes(other) ? apart / (asked.length + other.length) : apart;
  };
  return [...names]
    .map((name) => [name, far(name)] as const)
    .filter(([name, apart]) => apart <= Math.max(2, Math.max(asked.length, name.length) / 2))
    .sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
    .slice(0, shownMax)
    .map(([name]) => name);
};
