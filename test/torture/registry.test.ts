import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rows } from '../../torture/registry.ts';

test('every row has a file, and every file a row', () => {
  const files = readdirSync(new URL('../../torture/rows', import.meta.url)).map((name) => name.replace('.ts', ''));
  expect(rows.map(({ name }) => name).sort()).toEqual(files.sort());
});
