/** Grafana's own Go types decode the dashboards strictly. They know panels and their options; what stands in `fieldConfig` is left to `tsc` and the builders. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { withReason } from '../reason.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { built } from './grafana-built.ts';

const source = join(import.meta.dirname, 'grafana-go');
const folder = temporaryFolder();

/** Why nothing can be decoded here; null where it can: Go is there, and has the module or can fetch it. */
const noGo = ((): string | null => {
  if (spawnSync('go', ['version']).status !== 0) return 'no Go here';
  return spawnSync('go', ['mod', 'download'], { cwd: source, timeout: 60_000 }).status === 0 ? null : 'Go cannot fetch the module of Grafana';
})();

describe.skipIf(noGo !== null)(withReason("Grafana's own types", noGo), () => {
  const program = join(folder, 'decode');
  // Once in a minute and a half, on a busy machine ten times as long; then Go has it in its cache.
  beforeAll(async () => {
    const child = spawn('go', ['build', '-o', program, '.'], { cwd: source, stdio: ['ignore', 'ignore', 'pipe'] });
    const [told, [status]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect([status, told]).toEqual([0, '']);
  }, 1_800_000);

  const decoded = (files: Iterable<readonly [path: string, content: string]>) => {
    const paths: string[] = [];
    for (const [path, content] of files) {
      paths.push(join(folder, path));
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const { status, stdout } = spawnSync(program, paths, { encoding: 'utf8' });
    return { status, stdout };
  };
  const dashboards = [...built()].filter(([path]) => path.startsWith('dashboards/'));

  it('decode every dashboard strictly', () => {
    expect(dashboards.length).toBe(7);
    expect(decoded(dashboards)).toEqual({ status: 0, stdout: '' });
  });

  it('refuse what they do not know', () => {
    const [town] = dashboards;
    const { status, stdout } = decoded([['misspelt.json', town?.[1].replaceAll('"showLegend"', '"shwLegend"') ?? '']]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/shwLegend/);
  });
});
