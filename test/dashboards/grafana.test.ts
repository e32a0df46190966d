/** Every question of every dashboard, asked of a real InfluxDB that the pipeline filled: what it must bring, and at least one row. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { withReason } from '../reason.ts';
import { type Influxd, noInfluxd, startInfluxd } from '../stores/influxd.ts';
import { built, dashboardsIn, type JsonDashboard, panelsOf, variablesOf } from './grafana-built.ts';
import { type Answer, asked, type Chosen, faultsOf, filledIn, type Option, optionsOf, type Range } from './grafana-play.ts';
import { filledTo, fillTown } from './grafana-town.ts';

const titles = dashboardsIn(built()).map(({ title }) => title);
const hoursBack = (from: string): number => {
  const [, count = '', unit = ''] = /^now-(\d+)([hd])$/.exec(from) ?? [];
  return Number(count) * (unit === 'd' ? 24 : 1);
};
const rangeOf = ({ time }: JsonDashboard): Range => ({ from: filledTo - hoursBack(time.from) * 3_600_000, to: filledTo });

describe.skipIf(noInfluxd !== null)(withReason('on InfluxDB', noInfluxd), () => {
  let influxd: Influxd;
  let files: Map<string, string>;
  beforeAll(async () => {
    influxd = await startInfluxd();
    files = built((await fillTown(influxd)).buckets);
  }, 240_000);
  afterAll(() => influxd?.close());

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

  it('an alarm that is open does not vanish when it is older than the time range', async () => {
    const dashboard = dashboardOf('Octroi itself');
    const { from, to } = rangeOf(dashboard);
    const [alarms] = dashboard.annotations.list;
    const rows = (await asked(influxd, filledIn(alarms?.target.query ?? '', new Map(), { from, to }))).flatMap((answer) => answer.rows);
    const old = rows.filter(({ time = '' }) => Date.parse(time) < from);
    expect(old).toMatchObject([{ tags: 'silent', title: expect.stringMatching(/^station-/) }]);
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
