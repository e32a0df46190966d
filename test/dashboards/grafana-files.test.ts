/** What Grafana's files must hold to, whatever InfluxDB answers: words, units, twins, links, secrets; and the command that writes them. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { datasource } from '../../dashboards/grafana/panels.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { built, dashboardsIn, panelsOf, variablesOf } from './grafana-built.ts';
import { faultsOf, filledIn, optionsOf } from './grafana-play.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = temporaryFolder();

const files = built();
const dashboards = dashboardsIn(files);
const uids = dashboards.map(({ uid }) => uid);
const drawn = new Set(['timeseries', 'barchart', 'state-timeline']);

it('has seven dashboards, each with an address of its own, days of the town and marks', () => {
  expect(new Set(uids).size).toBe(7);
  for (const { timezone, annotations } of dashboards) {
    expect(timezone).toBe('Europe/Paris');
    expect(annotations.list.map(({ name }) => name)).toEqual(['Alarms', 'Anomalies']);
  }
});

it('has every file of a dashboard in its registry', () => {
  const folder = join(root, 'dashboards/grafana');
  const registry = readFileSync(join(folder, 'registry.ts'), 'utf8');
  const boards = readdirSync(folder).filter((name) => /: Board =>|Board => \(\{/.test(readFileSync(join(folder, name), 'utf8')));
  expect(boards.length).toBe(dashboards.length);
  for (const name of boards) expect(registry).toContain(`'./${name}'`);
});

it.each(dashboards)('$title: every panel says what it shows, has a unit, and no number twice', (dashboard) => {
  const panels = panelsOf(dashboard);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { title, type, description = '', fieldConfig, targets = [] } of panels) {
    expect([title, description.length > 40]).toEqual([title, true]);
    expect([title, targets.length]).toEqual([title, 1]);
    if (['timeseries', 'barchart', 'stat'].includes(type)) expect([title, fieldConfig?.defaults.unit]).toEqual([title, expect.any(String)]);
  }
  for (const { name, description } of variablesOf(dashboard)) expect([name, description]).toEqual([name, expect.stringMatching(/.{15}/)]);
});

it.each(dashboards)('$title: every graph has a table of the same figures in the folded row', (dashboard) => {
  const twins = dashboard.panels.filter(({ type, panels = [] }) => type === 'row' && panels.length > 0).flatMap(({ panels = [] }) => panels);
  const graphs = dashboard.panels.filter(({ type }) => drawn.has(type));
  const told = ({ targets }: (typeof twins)[number]): string | undefined => targets?.[0]?.query;
  expect(twins.map(told)).toEqual(graphs.map(told));
  expect(twins.every(({ type }) => type === 'table')).toBe(true);
});

it('leads nowhere that is not there', () => {
  for (const [path, content] of files) {
    for (const [, uid = '', variable] of content.matchAll(/\/d\/([\w-]+)\?[^"]*?(?:&var-(\w+))?"/g)) {
      const target = dashboards.find((one) => one.uid === uid);
      expect([path, uid, target?.uid]).toEqual([path, uid, uid]);
      if (variable !== undefined && target !== undefined) expect(variablesOf(target).map(({ name }) => name)).toContain(variable);
    }
  }
});

it('names secrets, and writes none; the question of a rule holds nothing that Grafana would fill in from its environment', () => {
  const { datasources } = parse(files.get('provisioning/datasources/octroi.yaml') ?? '') as { datasources: { uid: string; secureJsonData: object }[] };
  expect(datasources).toMatchObject([{ uid: datasource.uid, url: '$OCTROI_INFLUX_URL', secureJsonData: { token: '$OCTROI_INFLUX_TOKEN' } }]);
  const alerting = files.get('provisioning/alerting/octroi.yaml') ?? '';
  expect(alerting).not.toContain('$');
  const { groups } = parse(alerting) as { groups: { rules: { uid: string; annotations: { __dashboardUid__: string } }[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  expect(new Set(rules.map(({ uid }) => uid)).size).toBe(rules.length);
  for (const { annotations } of rules) expect(uids).toContain(annotations.__dashboardUid__);
});

it('counts no days of its own: they are the panes of civil days', () => {
  for (const [, content] of files) expect(content).not.toMatch(/every: ?\d+(d|w|mo)/);
  expect('aggregateWindow(every: 1d, fn: sum)').toMatch(/every: ?\d+(d|w|mo)/);
});

it('is judged by a player that knows a fault when it sees one', () => {
  const types = { result: 'string', table: 'long', _time: 'dateTime:RFC3339', _value: 'double', name: 'string' };
  const answer = (more: Partial<Record<string, string>>, rows = [{}]) => ({ columns: Object.keys({ ...types, ...more }), types: { ...types, ...more } as Record<string, string>, rows }); // biome-ignore format: one line
  const panel = { id: 1, type: 'timeseries', title: '', fieldConfig: { defaults: { displayName: `\${__field.labels.name}` }, overrides: [] } };
  expect(faultsOf(panel, [answer({})])).toEqual([]);
  expect(faultsOf(panel, [])).toEqual(['no rows']);
  expect(faultsOf(panel, [answer({ _value: 'string' })])).toEqual(['_value is string']);
  expect(faultsOf(panel, [answer({ name: 'long' })])).toEqual(['no label name', 'name is no label']);
  const table = { id: 1, type: 'table', title: '', transformations: [{ id: 'organize', options: { renameByName: { site: 'Site' } } }] };
  expect(faultsOf(table, [answer({})])).toEqual(['no column site', 'a table with _value and a time']);
  expect(
    filledIn(
      `\${a:json} \${b:regex} v.timeRangeStart`,
      new Map<string, string | string[]>([
        ['a', 'x"'],
        ['b', ['1.5', '2']],
      ]),
      { from: 0, to: 1 },
    ),
  ).toBe('"x\\"" (1\\.5|2) 1970-01-01T00:00:00.000Z');
  expect(() => filledIn(`\${nobody:json}`, new Map(), { from: 0, to: 1 })).toThrow('no variable');
  expect(optionsOf([answer({}, [{ name: 'Town hall ⟶ hall' }])], '/^(?<text>.*) ⟶ (?<value>.*)$/')).toEqual([{ text: 'Town hall', value: 'hall' }]);
});

const run = (...options: string[]) => spawnSync(process.execPath, [join(root, 'cli/octroi.ts'), 'dashboards', 'build', ...options], { encoding: 'utf8', env: { ...process.env, OCTROI_INFLUX_PANES_BUCKET: 'other-panes' } }); // biome-ignore format: one line

it('octroi dashboards build writes them where Grafana may read them, for the buckets that are set', () => {
  const out = join(folder, 'grafana');
  const { status, stdout, stderr } = run('--out', out, '--json', '--octroi-url', 'https://octroi.example/');
  expect([status, stderr]).toEqual([0, '']);
  const told = JSON.parse(stdout) as { files: string[] };
  expect(told.files.sort()).toEqual([...files.keys()].sort());
  const written = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(out, path)).isFile());
  expect(written.sort()).toEqual(told.files);
  for (const path of ['', ...written]) expect(statSync(join(out, path)).mode & 0o004).toBe(0o004);
  const site = readFileSync(join(out, 'dashboards/site.json'), 'utf8');
  expect(site).toContain('from(bucket: \\"other-panes\\")');
  expect(site).toContain('https://octroi.example/explain?');
});

it('octroi dashboards build says in one line what is wrong', () => {
  const wrong = run('--out', folder, '--octroi-url', 'nowhere');
  expect([wrong.status, wrong.stderr.trim().split('\n')]).toEqual([2, [expect.stringContaining('--octroi-url')]]);
  expect(run('--out', '/dev/null/grafana').status).toBe(1);
});
