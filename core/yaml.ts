/** YAML files that people write: what they say by a schema, and the line of each fault. What a value must agree with elsewhere is left to others. */
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';

/** What is wrong, and the path to it from the root of the file. */
export type Fault = readonly [path: readonly PropertyKey[], message: string];

/** What is wrong, and where: `file:line`. */
export interface PlacedFault {
  readonly where: string;
  readonly message: string;
}

export type YamlResult<T> =
  | { readonly ok: true; readonly value: T; readonly placed: (faults: readonly Fault[]) => PlacedFault[] }
  | { readonly ok: false; readonly faults: readonly PlacedFault[] };

/**
 * Reads a file by its schema.
 * @param source the YAML text; at most 16 MB
 * @param file its name, for messages
 * @returns the value, and what places faults that are found later; or every fault of the syntax, else of the schema
 */
export const readYaml = <T>(source: string, schema: z.ZodType<T>, file: string): YamlResult<T> => {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): string => `${file}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0) return { ok: false, faults: document.errors.map(({ pos, message }) => ({ where: lineAt(pos[0]), message })) };

  /** The line of the deepest node that exists on the path. */
  const lineOf = (path: readonly PropertyKey[]): string => {
    for (let n = path.length; n > 0; n--) {
      const node = document.getIn(path.slice(0, n), true);
      if (isNode(node) && node.range) return lineAt(node.range[0]);
    }
    return `${file}:1`;
  };
  const placed = (faults: readonly Fault[]): PlacedFault[] => faults.map(([path, message]) => ({ where: lineOf(path), message }));
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return { ok: true, value: parsed.data, placed };
  return { ok: false, faults: placed(parsed.error.issues.map(({ path, message }) => [path, `${path.join('.') || 'the file'}: ${message}`])) };
};
