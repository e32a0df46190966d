/** The heads of a table's columns. */

/** @param text how many of the last columns are text, and stand to the left */
export const Heads = ({ labels, text = 0 }: { labels: readonly string[]; text?: number }) => (
  <thead>
    <tr>
      {labels.map((label, n) => (
        <th key={label} scope="col" class={n < labels.length - text ? undefined : 'text'}>
          {label}
        </th>
      ))}
    </tr>
  </thead>
);
