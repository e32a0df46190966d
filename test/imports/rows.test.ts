/** A file as batches: wide and long, stamps at either end, missing markers, and what cannot be read. */
import { expect, test } from 'vitest';
import type { ImportRows } from '../../core/envelope.ts';
import { resolveTypes } from '../../devices/registry.ts';
import { cellsOf, lineCharsMax, linesOf } from '../../imports/csv.ts';
import { parseProfile } from '../../imports/profile.ts';
import { readRows } from '../../imports/rows.ts';

const types = resolveTypes();

async function* pieces(text: string, size: number): AsyncIterable<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

const profile = (time: string, rest: string): string => `name: tiny
files: [tiny.csv]
source: this test
time: ${time}
stepMs: 900000
${rest}`;

const read = async (yaml: string, csv: string, size = 7): Promise<[string, ImportRows][]> => {
  const found: [string, ImportRows][] = [];
  for await (const { batches } of readRows(pieces(csv, size), parseProfile(yaml, types, 'tiny.yaml'), 'tiny.csv')) {
    for (const { subject, rows } of batches) found.push([subject, rows]);
  }
  return found;
};

const two = `devices: [{ id: a, type: submeter }, { id: b, type: submeter }]
columns:
  - { column: kwh, device: a, quantity: active_energy }
  - { column: kw, device: a, quantity: active_power, unit: kW }
  - { column: other, device: b, quantity: active_energy, missing: ['0', '-'] }
ignore: [label]
`;
const start = '{ column: at, format: civil, zone: Europe/Paris, stamp: start }';
const at = (text: string): number => Date.parse(text);

test('wide: a batch a device, units converted, missing values null', async () => {
  const csv = '\uFEFFat,kwh,kw,other,label\r\n2026-01-15 00:00,1.5,0.25,0.0,x\r\n\r\n2026-01-15 00:15,,2e1,-,y\r\n2026-01-15 00:30,3,-0.1,7,"a, ""b"""';
  const stamps = [at('2026-01-14T23:00:00Z'), at('2026-01-14T23:15:00Z'), at('2026-01-14T23:30:00Z')];
  const energy = { quantity: 'active_energy', spanMs: 900_000 };
  expect(await read(profile(start, two), csv)).toEqual([
    [
      'a',
      {
        source: 'tiny.csv',
        columns: [energy, { quantity: 'active_power', spanMs: 0 }],
        at: stamps,
        values: [
          [1.5, null, 3],
          [250, 20_000, -100],
        ],
        refused: [],
      },
    ],
    ['b', { source: 'tiny.csv', columns: [energy], at: stamps, values: [[null, null, 7]], refused: [] }],
  ]);
});

test('a stamp at the end of the quarter; midnight closes the day that it names', async () => {
  const end = '{ column: at, format: civil, zone: Asia/Seoul, stamp: end, midnight: end }';
  const one = 'devices: [{ id: a, type: submeter }]\ncolumns: [{ column: kwh, device: a, quantity: active_energy }]\n';
  const [first] = await read(profile(end, one), 'at,kwh\n2018-01-01 00:15,1\n2018-01-01 23:45,2\n2018-01-01 00:00,3\n');
  expect(first?.[1].at.map((ms) => new Date(ms).toISOString())).toEqual(['2017-12-31T15:00:00.000Z', '2018-01-01T14:30:00.000Z', '2018-01-01T14:45:00.000Z']);
});

test('long: the row names its device; one that is not declared is refused', async () => {
  const long = `deviceColumn: place
devices: [{ id: north, type: car-park }, { id: south, type: car-park }]
columns: [{ column: free, quantity: free_places }]
`;
  const csv = 'at,place,free\n2024-02-01T00:00:02Z,north,4\n2024-02-01T00:00:02Z,south,-767\n2024-02-01T00:05:00+01:00,north,5\n2024-02-01T00:05:00Z,west,5\n';
  const batches = await read(profile('{ column: at, format: offset, stamp: instant }', long), csv);
  expect(batches.map(([subject, { at, values, refused }]) => ({ subject, at, values, refused }))).toEqual([
    {
      subject: 'north',
      at: [at('2024-02-01T00:00:02Z'), at('2024-01-31T23:05:00Z')],
      values: [[4, 5]],
      refused: [{ code: 'bad-row', message: 'the profile declares no device "west"', line: 5, text: '2024-02-01T00:05:00Z,west,5' }],
    },
    { subject: 'south', at: [at('2024-02-01T00:00:02Z')], values: [[-767]], refused: [] },
  ]);
});

test('the repeated hour in order: each device of a long file by its own rows', async () => {
  const long = 'deviceColumn: place\ndevices: [{ id: a, type: submeter }, { id: b, type: submeter }]\ncolumns: [{ column: kwh, quantity: active_energy }]\n';
  const order = '{ column: at, format: civil, zone: Europe/Paris, stamp: start, repeatedHour: inOrder }';
  const rows = ['02:00,a', '02:00,b', '02:30,a', '02:30,b', '02:00,a', '02:30,a', '02:00,b', '02:30,b'];
  const batches = await read(profile(order, long), ['at,place,kwh', ...rows.map((row) => `2026-10-25 ${row},1`)].join('\n'));
  const both = ['00:00', '00:30', '01:00', '01:30'].map((time) => at(`2026-10-25T${time}:00Z`));
  expect(batches.map(([subject, { at }]) => [subject, at])).toEqual([
    ['a', both],
    ['b', both],
  ]);
});

test('a state is read as its word', async () => {
  const state = 'devices: [{ id: bay, type: parking-bay }]\ncolumns: [{ column: taken, device: bay, quantity: occupancy }]\n';
  const [first] = await read(profile(start, state), 'at,taken\n2026-01-15 00:00,occupied\n2026-01-15 00:15,free\n');
  expect(first?.[1].values).toEqual([['occupied', 'free']]);
});

test('what cannot be read is refused with its line; the rest goes on in order', async () => {
  const csv = [
    'at,kwh,kw,other,label',
    '2026-01-15 00:00,1,1,1,x',
    '2026-01-15 00:15,eleven,2,2,x',
    '2026-01-15 00:30,3,3',
    'yesterday,4,4,4,x',
    '2026-03-29 02:15,5,5,5,x',
    `2026-01-15 00:45,6,6,6,${'x'.repeat(lineCharsMax)}`,
    '2026-01-15 01:00,7,7,7,"x',
    '2026-01-15 01:15,8,8,8,x',
  ].join('\n');
  const batches = await read(profile(start, two), csv, 1_000);
  const of = (subject: string) => batches.filter(([name]) => name === subject).map(([, rows]) => rows);
  expect(of('a').map(({ columns, values }) => [columns.map(({ quantity }) => quantity), values])).toEqual([
    [
      ['active_energy', 'active_power'],
      [[1], [1_000]],
    ],
    [['active_power'], [[2_000]]],
    [
      ['active_energy', 'active_power'],
      [[8], [8_000]],
    ],
  ]);
  expect(of('b').flatMap(({ values }) => values[0])).toEqual([1, 2, 8]);
  const refused = (subject: string) => of(subject).flatMap((rows) => rows.refused.map(({ code, line }) => [code, line]));
  expect(refused('a')).toEqual([
    ['bad-cell', 3],
    ['bad-row', 4],
    ['bad-time', 5],
    ['no-such-local-time', 6],
    ['bad-row', 7],
    ['bad-row', 8],
  ]);
  expect(refused('b')).toEqual([
    ['bad-time', 5],
    ['no-such-local-time', 6],
  ]);
  for (const rows of of('a')) for (const { text } of rows.refused) expect(text.length).toBeLessThanOrEqual(200);
});

test('a decimal comma: a dot is no part of a number', async () => {
  const one =
    "delimiter: ';'\ndecimal: ','\ndevices: [{ id: a, type: submeter }]\ncolumns: [{ column: kwh, device: a, quantity: active_energy, missing: ['-9.0'] }]\n";
  const cells = ['1,5', '1.234', '2', '1.234,5', '1,234.5', '-9.0', '-9,0'];
  const batches = await read(profile(start, one), ['at;kwh', ...cells.map((cell, n) => `2026-01-15 0${n}:00;${cell}`)].join('\n'));
  expect(batches.flatMap(([, { values }]) => values[0])).toEqual([1.5, 2, null, null]);
  expect(batches.flatMap(([, { refused }]) => refused.map(({ code, line }) => [code, line]))).toEqual([3, 5, 6].map((line) => ['bad-cell', line]));
});

test('a column that the profile does not name, or that is not there, is an error', async () => {
  await expect(read(profile(start, two), 'at,kwh,kw,other,label,new\n')).rejects.toThrow('the profile does not name the column "new"');
  await expect(read(profile(start, two), 'at,kwh,kw,other\n')).rejects.toThrow('there is no column "label"');
  await expect(read(profile(start, two), '')).rejects.toThrow('the file is empty');
});

test('lines: any chunking gives the same, and a long line is held cut', async () => {
  const text = `a\r\n\nb\n${'c'.repeat(lineCharsMax + 5)}\nd`;
  for (const size of [1, 3, 1_000, text.length]) {
    const lines: [number, number, boolean][] = [];
    for await (const batch of linesOf(pieces(text, size))) for (const line of batch) lines.push([line.number, line.text.length, line.cut]);
    expect(lines).toEqual([
      [1, 1, false],
      [3, 1, false],
      [4, lineCharsMax, true],
      [5, 1, false],
    ]);
  }
});

test('cells: quotes as in RFC 4180', () => {
  expect(cellsOf('a;"b;""c""";', ';')).toEqual(['a', 'b;"c"', '']);
  expect(cellsOf('"a"b,c', ',')).toBeNull();
  expect(cellsOf('a"b,c', ',')).toBeNull();
});
