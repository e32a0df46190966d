/** Line protocol, built as text: a third to a seventh of what the client's Point class costs. Which rows become which points is left to `points.ts`. */

/**
 * A tag's value as InfluxDB keeps it. Controls, quotes, the backslash and halves of surrogate pairs have no safe form in
 * line protocol or CSV, and stand as %XX; those of device ids and quantities stand as they are.
 */
export const tagText = (value: string): string =>
  value.replace(/[%\\"'\p{Cc}\u2028\u2029]|\p{Cs}/gu, (one) => {
    const code = one.charCodeAt(0);
    return code > 0xff ? `%u${code.toString(16).padStart(4, '0')}` : `%${code.toString(16).padStart(2, '0')}`;
  });

/** The inverse of `tagText`. */
export const fromTagText = (text: string): string =>
  text.includes('%')
    ? text.replace(/%(?:u([0-9a-f]{4})|([0-9a-f]{2}))/g, (_, wide: string | undefined, narrow: string | undefined) =>
        String.fromCharCode(Number.parseInt(wide ?? narrow ?? '', 16)),
      )
    : text;

/** `,name=value` for the head of a line; '' where the value is empty, since there is no empty tag. */
export const tag = (name: string, value: string): string => (value === '' ? '' : `,${name}=${tagText(value).replace(/[ ,=]/g, '\\$&')}`);

/** Text as InfluxDB keeps it: controls and halves of surrogate pairs as in JSON, since CSV does not bring them back. */
export const fieldText = (value: string): string => JSON.stringify(value).slice(1, -1);

/** The inverse of `fieldText`. */
export const fromFieldText = (text: string): string => (text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text);

/** The value of a text field. The text must hold no controls: JSON, or what `fieldText` made. */
export const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** The millisecond at the end of a line. */
export const msOf = (line: string): number => Number(line.slice(line.lastIndexOf(' ') + 1, -6));
