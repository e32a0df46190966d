/** Cuts an ODSQL clause into tokens. What they mean together is left to parse.ts. */
import { odsql } from '../ods-error.ts';

export type Token =
  | { readonly kind: 'word' | 'quoted-name' | 'string' | 'date' | 'sign'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string; readonly value: number };

/** In this order: the first that fits is taken. */
const forms: readonly (readonly [Token['kind'] | 'space', RegExp])[] = [
  ['space', /\s+/y],
  ['date', /date'([^']*)'/iy],
  ['string', /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/y],
  ['quoted-name', /`([^`]+)`/y],
  ['number', /-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?(?![\w])/y],
  ['word', /[A-Za-z_][\w]*/y],
  ['sign', /\.\.|<=|>=|!=|[=<>()[\],*]|\]/y],
];

/** @throws OdsError with the first character that fits nowhere */
export const tokens = (text: string, clause: string): Token[] => {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    let next = at;
    for (const [kind, form] of forms) {
      form.lastIndex = at;
      const match = form.exec(text);
      if (match === null) continue;
      next = form.lastIndex;
      const inner = match[1] ?? match[2] ?? match[0];
      if (kind === 'number') found.push({ kind, text: match[0], value: Number(match[0]) });
      else if (kind === 'string') found.push({ kind, text: inner.replace(/\\(.)/gs, '$1') });
      else if (kind !== 'space') found.push({ kind, text: inner });
      break;
    }
    if (next === at) throw odsql(clause, `Syntax error, unexpected "${text[at]}" at character ${at + 1}`);
    at = next;
  }
  return found;
};
