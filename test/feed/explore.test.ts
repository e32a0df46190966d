import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { townOf } from '../drive.ts';
import { type FeedTown, feedTown, freshTown, say } from './town.ts';

const root = '/api/explore/v2.1/catalog/datasets';
const parking = `${root}/parking-availability/records`;
const energy = `${root}/energy-of-town-buildings-daily/records`;

let town: FeedTown;
beforeAll(async () => {
  town = await feedTown();
});
afterAll(() => town.close());

interface Records {
  total_count: number;
  results: Record<string, unknown>[];
}
const records = async (url: string): Promise<Records> => {
  const answer = await town.get(url);
  expect([url, answer.status]).toEqual([url, 200]);
  return answer.json<Records>();
};
const query = (parameters: Record<string, string>): string => `?${new URLSearchParams(parameters)}`;

describe('records', () => {
  test('car parks: a value that is not known is null with its status, never 0', async () => {
    const { total_count, results } = await records(`${parking}${query({ select: 'name, capacity, free, status', timezone: 'Europe/Paris' })}`);
    expect(total_count).toBe(5);
    expect(results).toEqual([
      { name: 'Parc B', capacity: 50, free: 0, status: 'full' },
      { name: 'Parc D', capacity: 10, free: null, status: 'unknown' },
      { name: 'Parc E', capacity: 60, free: null, status: 'closed' },
      { name: 'Parc A', capacity: 100, free: 42, status: 'free' },
      { name: 'Parc C', capacity: 80, free: null, status: 'unknown' },
    ]);
  });

  test('times stand in the zone asked for, places have lon and lat', async () => {
    const [row] = (await records(`${parking}${query({ where: 'name="Parc A"', timezone: 'Europe/Paris' })}`)).results;
    expect(row).toEqual({
      name: 'Parc A',
      quarter: 'Bords de Seine',
      capacity: 100,
      free: 42,
      status: 'free',
      updated: '2026-03-31T12:06:00+02:00',
      geo: { lon: 2.27, lat: 48.826 },
    });
    const [utc] = (await records(`${parking}${query({ where: 'name="Parc A"', select: 'updated as at' })}`)).results;
    expect(utc).toEqual({ at: '2026-03-31T10:06:00+00:00' });
  });

  test('buildings by civil day: 23 hours are 92 kWh, a gap is partial, today is provisional', async () => {
    const select = 'site_id, carrier, date, kwh, coverage, status';
    const where = "date >= date'2026-03-29' and carrier = 'electricity'";
    const { results } = await records(`${energy}${query({ select, where, order_by: 'date, site_id', limit: '100' })}`);
    expect(results).toEqual([
      { site_id: 'ecole', carrier: 'electricity', date: '2026-03-29', kwh: 46, coverage: expect.any(Number), status: 'partial' },
      { site_id: 'mairie', carrier: 'electricity', date: '2026-03-29', kwh: 92, coverage: 1, status: 'complete' },
      { site_id: 'ecole', carrier: 'electricity', date: '2026-03-30', kwh: 48, coverage: 1, status: 'complete' },
      { site_id: 'mairie', carrier: 'electricity', date: '2026-03-30', kwh: 96, coverage: 1, status: 'complete' },
      { site_id: 'ecole', carrier: 'electricity', date: '2026-03-31', kwh: expect.any(Number), coverage: expect.any(Number), status: 'provisional' },
      { site_id: 'mairie', carrier: 'electricity', date: '2026-03-31', kwh: expect.any(Number), coverage: expect.any(Number), status: 'provisional' },
    ]);
    expect(results[0]?.coverage).toBeCloseTo(11 / 23, 1);
  });

  test('pages do not overlap, and together they are all', async () => {
    const all = await records(`${energy}?limit=-1`);
    const paged: unknown[] = [];
    for (let offset = 0; offset < all.total_count; offset += 5) paged.push(...(await records(`${energy}?limit=5&offset=${offset}`)).results);
    expect(paged).toEqual(all.results);
    expect((await records(energy)).results).toHaveLength(10);
  });

  test('refine and exclude, quoted or not', async () => {
    expect((await records(`${parking}${query({ refine: 'status:"unknown"' })}`)).total_count).toBe(2);
    expect((await records(`${parking}${query({ refine: 'capacity:100' })}`)).total_count).toBe(1);
    expect((await records(`${parking}?refine=status:unknown&exclude=name:Parc%20C`)).total_count).toBe(1);
  });
});

describe('what is not right is refused, in the words of the API', () => {
  test.each([
    ['limit=101', 'InvalidRESTParameterError', 'Invalid value for limit API parameter: 101 was found but -1 <= limit <= 100 is expected.'],
    ['limit=-2', 'InvalidRESTParameterError', '-1 <= limit <= 100'],
    ['limit=ten', 'InvalidRESTParameterError', '-1 <= limit <= 100'],
    ['offset=9990&limit=10', 'InvalidRESTParameterError', 'offset'],
    ['timezone=Mars', 'InvalidRESTParameterError', 'timezone'],
    ['group_by=status', 'InvalidRESTParameterError', 'group_by'],
    ['limit=1&limit=2', 'InvalidRESTParameterError', 'limit'],
    ['where=nothing=1', 'ODSQLError', 'Unknown field: nothing'],
    ['where=free', 'ODSQLError', 'Clause(s) containing the error(s): where.'],
    ['where="Parc"', 'ODSQLError', 'where'],
    ['where=free=%22a%22', 'ODSQLError', 'type int'],
    ['where=name%20like%20%22a%22', 'ODSQLError', 'like'],
    ['where=free=1%20or', 'ODSQLError', 'unexpected end'],
    ['where=free=1;', 'ODSQLError', ';'],
    ["where=updated>date'2026-02-30'", 'ODSQLError', '2026-02-30'],
    [`where=${'('.repeat(200)}free=1${')'.repeat(200)}`, 'ODSQLError', 'levels'],
    ['select=count(*)', 'ODSQLError', 'select'],
    ['order_by=geo', 'ODSQLError', 'Clause(s) containing the error(s): order_by.'],
    ['order_by=free%20sideways', 'ODSQLError', 'sideways'],
  ])('%s', async (parameters, code, words) => {
    const answer = await town.get(`${parking}?${parameters}`);
    const body = answer.json<{ error_code: string; message: string }>();
    expect([answer.status, body.error_code]).toEqual([400, code]);
    expect(body.message).toContain(words);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });

  test('a dataset that there is not', async () => {
    for (const url of [`${root}/nothing`, `${root}/nothing/records`, `${root}/constructor`]) {
      const answer = await town.get(url);
      expect([answer.status, answer.json<{ error_code: string }>().error_code]).toEqual([404, 'NotFoundResource']);
    }
  });
});

test('the catalogue lists each dataset with its fields; a slash at the end changes nothing', async () => {
  const { total_count, results } = await records(root);
  expect([total_count, results.map(({ dataset_id }) => dataset_id)]).toEqual([2, ['energy-of-town-buildings-daily', 'parking-availability']]);
  expect(results[1]).toMatchObject({ has_records: true, data_visible: true, metas: { default: { publisher: 'Issy-les-Moulineaux', records_count: 5 } } });
  for (const url of [root, `${root}/parking-availability`, parking]) expect((await town.get(`${url}/`)).body).toBe((await town.get(url)).body);
});

test('every host may read the feed, and nothing else', async () => {
  expect((await town.get(parking)).headers['access-control-allow-origin']).toBe('*');
  expect((await town.get('/api/v1/ledger')).headers['access-control-allow-origin']).toBeUndefined();
  expect((await town.get('/fr/')).headers['access-control-allow-origin']).toBeUndefined();
});

test('a meter that goes over from amounts to its register keeps the days that were published, in the feed and on the pages', async () => {
  const intervalMs = 300_000;
  const devices = [{ id: 'meter', type: 'submeter', site: 'ecole' }];
  const begin = Date.parse('2026-04-07T22:00:00Z'); // midnight in France
  const fresh = await freshTown(townOf(devices, { sites: [{ id: 'ecole', name: 'École', owner: 'public' }] }), begin);
  const { gate } = fresh;
  const oneDay = 288;
  for (let n = 1; n <= 2 * oneDay; n++) {
    gate.tick(begin + n * intervalMs, 10_000);
    say(gate, 'meter', { ts: begin + (n - 1) * intervalMs, values: { active_energy: 1 } });
  }
  const published = async () => {
    gate.tick(gate.now() + 3_700_000, 10_000);
    await fresh.commit();
    gate.tick(gate.now() + 120_000, 10_000); // rows are made anew once a minute
    const { results } = (
      await fresh.get(`${energy}${query({ select: 'date, kwh, status', where: "date < date'2026-04-10'", order_by: 'date' })}`)
    ).json<Records>();
    const page = await fresh.get('/en/explain?site=ecole&from=2026-04-08&to=2026-04-09');
    return { results, kWh: /([\d.,]+)\s*kWh/.exec(page.body.replaceAll(/<[^>]*>/g, ''))?.[1] };
  };
  const before = await published();
  expect(before.results).toEqual(['2026-04-08', '2026-04-09'].map((date) => ({ date, kwh: 288, status: 'complete' })));
  say(gate, 'meter', { ts: gate.now(), values: { active_energy_import: 1_000 } });
  expect(await published()).toEqual(before);
  await fresh.app.close();
});
