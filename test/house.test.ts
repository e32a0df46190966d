/** The house: folders know `core/` and themselves; only main.ts, cli/ and torture/ know more than one, and none knows test/. No clock and no chance in core/ and processors/. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

const root = resolve(import.meta.dirname, '..');
/** What may know more than one folder, or is no code of octroi. */
const beside = ['bench', 'bin', 'cli', 'docs', 'node_modules', 'test', 'torture'];
const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name));
/** Data folders and dashboards that somebody built here hold no code. */
const folders = readdirSync(root, { withFileTypes: true })
  .filter((one) => one.isDirectory() && !one.name.startsWith('.') && !beside.includes(one.name) && sources(one.name).length > 0)
  .map(({ name }) => name);

/** Imports of `text`, a file at `path`, that lead into another folder of the house. */
const trespasses = (path: string, text: string): string[] => {
  const own = path.split('/')[0];
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)]
    .map(([, target]) => relative(root, resolve(root, dirname(path), target as string)))
    .filter((target) => {
      const [folder] = target.split('/');
      return folder !== own && folder !== 'core';
    })
    .map((target) => `${path} → ${target}`);
};

test('nothing that is shipped imports from test/', () => {
  const intoTests = (path: string): string[] => trespasses(path, readFileSync(join(root, path), 'utf8')).filter((line) => line.includes('→ test/'));
  expect(folders).toEqual(expect.arrayContaining(['core', 'dashboards', 'processors', 'stores']));
  for (const folder of [...folders, 'cli', 'torture', 'bench']) for (const path of sources(folder)) expect(intoTests(path)).toEqual([]);
  for (const path of ['main.ts', 'config.ts']) expect(intoTests(path)).toEqual([]);
  expect(trespasses('cli/torture.ts', "import type { Row } from '../test/torture/row.ts';")).toEqual(['cli/torture.ts → test/torture/row.ts']);
});

const impure =
  /\bDate\.now\(|new Date\(\)|performance\.now|Math\.random|\bset(Timeout|Interval|Immediate)\(|from 'node:(fs|net|http|child_process|worker_threads)/;

test('folders know core/ and themselves', () => {
  for (const folder of folders) for (const path of sources(folder)) expect(trespasses(path, readFileSync(join(root, path), 'utf8'))).toEqual([]);
});

test('the rule sees a trespass', () => {
  expect(trespasses('broker/door.ts', "import { run } from '../processors/run.ts';")).toEqual(['broker/door.ts → processors/run.ts']);
  expect(trespasses('feed/rules.ts', "const x = await import('../stores/memory.ts');")).toEqual(['feed/rules.ts → stores/memory.ts']);
  expect(trespasses('stores/duckdb/rows.ts', "import type { Pane } from '../../core/pane.ts';\nimport { a } from '../paging.ts';")).toEqual([]);
});

test('core/ and processors/ have no clock, no chance and no I/O', () => {
  for (const folder of ['core', 'processors'])
    for (const path of sources(folder)) expect([path, impure.exec(readFileSync(join(root, path), 'utf8'))?.[0]]).toEqual([path, undefined]);
  expect(impure.test('const now = Date.now();')).toBe(true);
});

/** What a folder holds and its registry does not import. */
const unlisted = (folder: string, registry: string, others: readonly string[] = []): string[] => {
  const text = readFileSync(join(root, registry), 'utf8');
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith('.ts') && !others.includes(name));
  return files.filter((name) => !text.includes(`/${name}'`));
};

test('every detector and every dataset is in its registry', () => {
  expect(unlisted('processors/detect', 'processors/detect/registry.ts', ['detector.ts', 'registry.ts'])).toEqual([]);
  expect(unlisted('feed/datasets', 'feed/registry.ts')).toEqual([]);
  expect(unlisted('processors/detect', 'feed/registry.ts')).toContain('jump.ts');
});

test('processors/pipeline.ts fits one screen of code', () => {
  const code = readFileSync(join(root, 'processors/pipeline.ts'), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*(\/?\*|\/\/|import )/.test(line));
  expect(code.length).toBeLessThanOrEqual(90);
});

test('what octroi writes is not linted, whatever folder it was given; our own JSON is', () => {
  const folder = temporaryFolder();
  copyFileSync(join(root, 'biome.json'), join(folder, 'biome.json'));
  const badly = '{"zone":   "Europe/Paris"}';
  const lint = (path: string): number | null => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), badly);
    return spawnSync(join(root, 'node_modules/.bin/biome'), ['check', '.'], { cwd: folder }).status;
  };
  expect(['data/town.json', 'my-data/town.json', 'mine/store/origin.json'].map(lint)).toEqual([0, 0, 0]);
  expect(lint('bin/settings.json')).toBe(1);
});
