/** The documented failures are those of the table, in its order, with its remedies. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { failures } from '../../core/failure.ts';

test('docs/failures.md lists every code of the table', () => {
  const text = readFileSync(new URL('../../docs/failures.md', import.meta.url), 'utf8');
  const documented = [...text.matchAll(/^\| `([a-z0-9-]+)` \| (\w+) \| (\w+) \| (.+) \|$/gm)].map(([, code, stage, kind, remedy]) => [
    code,
    stage,
    kind,
    remedy,
  ]);
  expect(documented).toEqual(Object.entries(failures).map(([code, row]) => [code, row.stage, row.class, row.remedy]));
});
