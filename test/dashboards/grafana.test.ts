/** Every question of every dashboard, asked of a real InfluxDB that the pipeline filled: what it must bring, and at least one row. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { carrierNames } from '../../core/device-type.ts';
import { calendar } from '../../core/window.ts';
import { directoryOf } from '../../dashboards/directory.ts';
import { metersOf, panesByKey, periodFigures } from '../../dashboards/figures/energy.ts';
import { meanOf } from '../../dashboards/present.ts';
import { temperature } from '../../devices/quantities.ts';
import { type Influxd, noInfluxd, startInfluxd } from '../../torture/rigs/influxd.ts';
import { withReason } from '../reason.ts';
import { built, dashboardsIn, type JsonDashboard, panelsOf, variablesOf } from './grafana-built.ts';
import { type Answer, asked, type Chosen, faultsOf, filledIn, type Option, optionsOf, type Range } from './grafana-play.ts';
import { type Filled, filledTo, fillTown } from './grafana-town.ts';
import { types, viewsOver } from './town.ts';

const titles = dashboardsIn(built()).map(({ title }) => title);
const hoursBack = (from: string): number => {
  const [, count = '', unit = ''] = /^now-(\d+)([hd])$/.exec(from) ?? [];
  return Number(count) * (unit === 'd' ? 24 : 1);
};
const rangeOf = ({ time }: JsonDashboard): Range => ({ from: filledTo - hoursBack(time.from) * 3_600_000, to: filledTo });

describe.skipIf(noInfluxd !== null)(withReason('on InfluxDB', noInfluxd), () => {
  let influxd: Influxd;
  let filled: Filled;
  let files: Map<string, string>;
  beforeAll(async () => {
    influxd = await startInfluxd();
    filled = await fillTown(influxd);
    files = built(filled.buckets);
  });
  afterAll(async () => {
    await filled?.close();
    await influxd?.close();
  });

  /** The variables of a dashboard, each chosen as it is when it opens. */
  const choices = async (dashboard: JsonDashboard): Promise<{ chosen: Chosen; offered: Map<string, Option[]> }> => {
    const chosen = new Map<string, string | readonly string[]>();
    const offered = new Map<string, Option[]>();
    for (const { name, type, query, regex = '', multi, current } of variablesOf(dashboard)) {
      if (type === 'custom') {
        chosen.set(name, current?.value ?? '');
        continue;
      }
      const options = optionsOf(await asked(influxd, filledIn(query, chosen, rangeOf(dashboard))), regex);
      offered.set(name, options);
      const values = options.map(({ value }) => value).sort();
      chosen.set(name, multi === true ? values : (values[0] ?? ''));
    }
    return { chosen, offered };
  };
  const dashboardOf = (title: string): JsonDashboard => dashboardsIn(files).find((one) => one.title === title) as JsonDashboard;
  /** Homes have no name in any answer. */
  const isPrivate = (answers: readonly Answer[]): boolean => /linky-|logement/i.test(JSON.stringify(answers.map(({ rows }) => rows)));

  it.each(titles)('%s: every variable offers something, every panel and every mark brings what it draws', async (title) => {
    const dashboard = dashboardOf(title);
    const { chosen, offered } = await choices(dashboard);
    const faults: string[] = [];
    for (const [name, options] of offered) {
      if (options.length === 0 || options.some(({ text, value }) => text === '' || value === ''))
        faults.push(`variable ${name} offers ${JSON.stringify(options)}`);
    }
    const known = new Map<string, Answer[]>();
    const ask = async (what: string, query: string, judge: (answers: Answer[]) => string[]): Promise<void> => {
      try {
        const answers = known.get(query) ?? (await asked(influxd, filledIn(query, chosen, rangeOf(dashboard))));
        known.set(query, answers);
        for (const fault of judge(answers)) faults.push(`${what}: ${fault}`);
        if (isPrivate(answers)) faults.push(`${what}: shows a home`);
      } catch (error) {
        faults.push(`${what}: ${(error as Error).message}`);
      }
    };
    // A table twin asks what its graph asks: one answer is judged for both.
    for (const panel of panelsOf(dashboard)) {
      for (const { query } of panel.targets ?? []) await ask(panel.title, query, (answers) => faultsOf(panel, answers));
    }
    for (const { name, target } of dashboard.annotations.list) {
      await ask(`marks of ${name}`, target.query, (answers) =>
        answers.length === 0 ? ['no rows'] : ['time', 'timeEnd', 'title', 'text', 'tags'].filter((column) => answers[0]?.columns.includes(column) !== true),
      );
    }
    expect(faults).toEqual([]);
  });

  /** The rows that a panel of a dashboard draws. */
  const drawn = async (dashboard: JsonDashboard, title: string, chosen: Chosen): Promise<Answer['rows']> => {
    const query = panelsOf(dashboard).find((panel) => panel.title === title)?.targets?.[0]?.query ?? '';
    return (await asked(influxd, filledIn(query, chosen, rangeOf(dashboard)))).flatMap(({ rows }) => rows);
  };

  it("the days of every site are octroi's own, those of 23 hours and those that were revised too", async () => {
    const { views } = viewsOver(filled.gate);
    const book = directoryOf(views, types);
    const known = await book.current();
    const days = calendar('Europe/Paris');
    const dashboard = dashboardOf('Energy of a site');
    const { chosen, offered } = await choices(dashboard);
    const sites = offered.get('site') ?? [];
    book.end();
    expect(sites.length).toBeGreaterThan(5);
    for (const { value: site } of sites) {
      const meters = metersOf(known, known.site(site));
      const rows = await drawn(dashboard, 'Energy by day', new Map([...chosen, ['site', site]]));
      expect(rows.length).toBeLessThanOrEqual(3);
      for (const { period = '', ...shown } of rows) {
        const { start, end } = days.windowAt(3, Date.parse(`${period}T12:00:00Z`));
        if (period === '2026-03-29') expect((end - start) / 3_600_000).toBe(23);
        const { byCarrier } = periodFigures(known, meters, await panesByKey(views, meters, 'P1D', start, end), start, end, filledTo);
        const expected = carrierNames.map((carrier) => byCarrier[carrier].kWh ?? 0);
        expect([site, period, ...carrierNames.map((carrier) => Math.round(Number(shown[carrier]) * 1e4) / 1e4)]).toEqual([site, period, ...expected]);
      }
    }
  });

  it("means of a gauge are octroi's own", async () => {
    const dashboard = dashboardOf('Energy of a site');
    const { chosen } = await choices(dashboard);
    const rows = await drawn(dashboard, 'Temperature of the rooms', chosen);
    const subject = `${chosen.get('site')}-room-1`;
    const { from, to } = rangeOf(dashboard);
    const panes = await filled.gate.store.panesOf({ keys: [{ subject, quantity: 'temperature' }], window: 'PT15M', from, to, limit: 10_000 });
    const shown = new Map(rows.filter(({ name = '' }) => name.endsWith('Salle 1')).map(({ _time = '', _value }) => [Date.parse(_time), Number(_value)]));
    const observed = panes.filter(({ observedMs }) => observedMs > 0);
    expect(observed.length).toBeGreaterThan(300);
    expect(shown.size).toBe(observed.length);
    for (const pane of observed) expect(shown.get(pane.start)).toBeCloseTo(meanOf(temperature, pane) ?? Number.NaN, 6);
  });

  it('an alarm that is open does not vanish when it is older than the time range', async () => {
    const dashboard = dashboardOf('Octroi itself');
    const { from, to } = rangeOf(dashboard);
    const [alarms] = dashboard.annotations.list;
    const rows = (await asked(influxd, filledIn(alarms?.target.query ?? '', new Map(), { from, to }))).flatMap((answer) => answer.rows);
    const old = rows.filter(({ time = '' }) => Date.parse(time) < from);
    expect(old).toMatchObject([{ tags: 'silent', title: expect.stringMatching(/^station-/) }]);
  });

  it('a town of which nothing is known yet has empty panels, and no question that fails', async () => {
    const empty = built(await influxd.buckets());
    const faults: string[] = [];
    for (const dashboard of dashboardsIn(empty)) {
      const chosen: Chosen = new Map(
        variablesOf(dashboard).map(({ name, type, multi, current }) => [name, type === 'custom' ? (current?.value ?? '') : multi === true ? [] : '']),
      );
      const questions = [
        ...variablesOf(dashboard).flatMap(({ name, type, query }) => (type === 'custom' ? [] : [[name, query] as const])),
        ...panelsOf(dashboard).flatMap(({ title, targets = [] }) => targets.map(({ query }) => [title, query] as const)),
        ...dashboard.annotations.list.map(({ name, target }) => [name, target.query] as const),
      ];
      for (const [what, query] of questions) {
        await asked(influxd, filledIn(query, chosen, rangeOf(dashboard))).catch((error: Error) =>
          faults.push(`${dashboard.title}, ${what}: ${error.message.slice(0, 300)}`),
        );
      }
    }
    expect(faults).toEqual([]);
  });

  it('every alert rule brings series that can be judged', async () => {
    const { groups } = parse(files.get('provisioning/alerting/octroi.yaml') ?? '') as {
      groups: { rules: { title: string; data: { refId: string; relativeTimeRange: { from: number; to: number }; model: { query: string } }[] }[] }[];
    };
    const faults: string[] = [];
    for (const { title, data } of groups.flatMap(({ rules }) => rules)) {
      const [question] = data;
      if (question === undefined) continue;
      const { from, to } = question.relativeTimeRange;
      const answers = await asked(influxd, filledIn(question.model.query, new Map(), { from: filledTo - from * 1_000, to: filledTo - to * 1_000 }));
      const panel = { id: 0, type: 'timeseries', title, fieldConfig: { defaults: { displayName: `\${__field.labels.name}` }, overrides: [] } };
      for (const fault of faultsOf(panel, answers)) faults.push(`${title}: ${fault}`);
    }
    expect(faults).toEqual([]);
  });
});
