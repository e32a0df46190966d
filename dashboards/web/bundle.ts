/** The built pages: what renders them, and the files that browsers load. Built at first start, once for each state of the sources. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { fail } from '../../core/failure.ts';
import type { Assets, Frame, Page } from './models.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** All that a page may be made of: a change in it is a new build. */
const sources = ['dashboards', 'core', 'package-lock.json'];
const buildMsMax = 120_000;

const filesOf = async (path: string): Promise<string[]> => {
  if (extname(path) !== '') return [path];
  const found = await readdir(path, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};

/** A name for the state of the sources. */
const stateOf = async (): Promise<string> => {
  const hash = createHash('sha256');
  for (const source of sources)
    for (const file of (await filesOf(join(root, source))).sort())
      hash
        .update(relative(root, file))
        .update('\0')
        .update(await readFile(file))
        .update('\0');
  return hash.digest('hex').slice(0, 16);
};

/**
 * Builds the pages, or finds them built.
 * Two starts at once both build, aside; the first to finish is taken by both.
 * @returns the folder: `client/` and `server/`
 * @throws FailureError `unavailable` where the build fails
 */
export const buildWeb = async (cache = join(root, '.cache')): Promise<string> => {
  const folder = join(cache, `web-${await stateOf()}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const aside = `${folder}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    // A process of its own: the bundler's memory is not the plant's for the rest of its life.
    await promisify(execFile)(process.execPath, [fileURLToPath(new URL('build.ts', import.meta.url)), aside], { cwd: root, timeout: buildMsMax });
    await rename(aside, folder);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (!existsSync(folder)) throw fail('unavailable', `the pages could not be built: ${error instanceof Error ? error.message : String(error)}`);
  }
  return folder;
};

export interface Asset {
  readonly body: Buffer;
  readonly type: string;
}

export interface Bundle {
  readonly render: (page: Page, frame: Frame) => string;
  readonly assets: Assets;
  /** By path, `/assets/app-1a2b3c.js`. */
  readonly files: ReadonlyMap<string, Asset>;
}

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };

interface Manifest {
  readonly [entry: string]: { readonly file: string; readonly css?: readonly string[]; readonly isEntry?: boolean };
}

/** The bundle, built where it has to be. All files are kept in memory: a later build may take the folder away. */
export const loadBundle = async (cache?: string): Promise<Bundle> => {
  const folder = await buildWeb(cache);
  const client = join(folder, 'client');
  const manifest = JSON.parse(await readFile(join(client, '.vite/manifest.json'), 'utf8')) as Manifest;
  const entry = Object.values(manifest).find(({ isEntry }) => isEntry === true);
  if (entry === undefined) throw fail('unavailable', 'the built pages have no entry');
  const files = new Map<string, Asset>();
  for (const name of await readdir(join(client, 'assets'))) {
    const type = types[extname(name)];
    if (type !== undefined) files.set(`/assets/${name}`, { body: await readFile(join(client, 'assets', name)), type });
  }
  const { render } = (await import(pathToFileURL(join(folder, 'server/render.js')).href)) as Pick<Bundle, 'render'>;
  return { render, files, assets: { script: `/${entry.file}`, styles: (entry.css ?? []).map((file) => `/${file}`) } };
};
