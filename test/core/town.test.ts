/** The town file: what is accepted, and that each fault is told with its line. */
import { describe, expect, it } from 'vitest';
import { changeFaults, emptyTown, parseTown, pastOf, type Town } from '../../core/town.ts';

const types = new Set(['linky', 'room-sensor']);
const parse = (source: string) => parseTown(source, types, 'town.yaml');

/** The places and messages of a file that must be refused. */
const faults = (source: string): string[] => {
  const result = parse(source);
  if (result.ok) return [];
  for (const { code } of result.failures) expect(code).toBe('town-invalid');
  return result.failures.map(({ where, message }) => `${where} ${message}`);
};

const head = 'name: Testville\nzone: Europe/Paris\n';

describe('parseTown', () => {
  it('fills in what a short file leaves out', () => {
    const result = parse(head);
    expect(result).toEqual({ ok: true, town: { ...emptyTown, name: 'Testville' } });
    expect(emptyTown.admission).toBe('declared');
  });

  it('reads sites, devices and gateways', () => {
    const hash = 'a'.repeat(64);
    const result = parse(`${head}
quarters: [{ id: A, name: Val }]
sites: [{ id: school, name: École, owner: public, quarter: A, areaM2: 1200, at: [2.27, 48.82] }]
gateways: [{ id: gw, secretSha256: ${hash} }]
devices:
  - { id: m1, type: linky, site: school, via: [gw], intervalMs: 60000, simulated: true }
tariffs: { electricityEurPerKWh: 0.2, gasEurPerKWh: 0.1, heatEurPerKWh: 0.1 }
`);
    expect(result.ok && result.town.devices).toEqual([{ id: 'm1', type: 'linky', site: 'school', via: ['gw'], intervalMs: 60_000, simulated: true }]);
    expect(result.ok && result.town.gateways).toEqual([{ id: 'gw', secretSha256: hash }]);
  });

  it.each([
    ['a type that does not exist', `${head}devices:\n  - id: m1\n    type: linki\n`, 'town.yaml:5 no device type "linki"; there are linky, room-sensor'],
    ['a device declared twice', `${head}devices:\n  - { id: m1, type: linky }\n  - { id: m1, type: linky }\n`, 'town.yaml:5 "m1" is declared twice'],
    ['a site that nothing declares', `${head}devices:\n  - { id: m1, type: linky, site: nowhere }\n`, 'town.yaml:4 no site "nowhere"'],
    ['a quarter that nothing declares', `${head}sites:\n  - { id: s, name: S, owner: public, quarter: Z }\n`, 'town.yaml:4 no quarter "Z"'],
    ['a sender that nothing declares', `${head}devices:\n  - { id: m1, type: linky, via: [gw] }\n`, 'town.yaml:4 no device or gateway "gw"'],
    [
      'an operator with the name of a device',
      `${head}devices:\n  - { id: m1, type: linky }\noperators:\n  - { id: m1, secretSha256: ${'a'.repeat(64)} }\n`,
      'town.yaml:6 "m1" is a device or a gateway: an operator needs a name of its own',
    ],
    ['an unknown zone', 'name: T\nzone: Europe/Issy\n', 'town.yaml:2 zone: not an IANA time zone'],
  ])('refuses %s and names its line', (_what, source, message) => {
    expect(faults(source)).toEqual([message]);
  });

  it.each([
    ['an unknown key', `${head}sitess: []\n`],
    ['an owner class of its own', `${head}sites: [{ id: s, name: S, owner: private }]\n`],
    ['a negative interval', `${head}devices: [{ id: m1, type: linky, intervalMs: -1 }]\n`],
    ['an id that would break a topic', `${head}devices: [{ id: "a/b", type: linky }]\n`],
    ['a secret in clear', `${head}devices: [{ id: m1, type: linky, secretSha256: hunter2 }]\n`],
    ['an operator without a secret', `${head}operators: [{ id: desk }]\n`],
    ['broken YAML', `${head}sites: [\n`],
    ['an empty file', ''],
    ['another document', '- 1\n- 2\n'],
  ])('refuses %s', (_what, source) => {
    const found = faults(source);
    expect(found.length).toBeGreaterThan(0);
    for (const one of found) expect(one).toMatch(/^town\.yaml:\d+ /);
  });

  it('tells every fault at once', () => {
    expect(faults(`${head}devices:\n  - { id: m1, type: a }\n  - { id: m2, type: b }\n`)).toHaveLength(2);
  });

  it('lets a device speak for another', () => {
    expect(faults(`${head}devices:\n  - { id: m1, type: linky }\n  - { id: m2, type: linky, via: [m1] }\n`)).toEqual([]);
  });
});

describe('changes of a town', () => {
  const townOf = (source: string): Town => {
    const result = parse(`${head}${source}`);
    if (!result.ok) throw new Error(JSON.stringify(result.failures));
    return result.town;
  };
  const at = (site: string, zone: string, owner: string): Town =>
    townOf(
      `sites: [{ id: home, name: Home, owner: residential }, { id: hall, name: Hall, owner: ${owner}, zone: ${zone} }]\ndevices: [{ id: m1, type: linky, site: ${site} }]`,
    );

  it('keep the days by which figures are stored', () => {
    expect(changeFaults(pastOf(at('hall', 'Europe/Paris', 'public')), at('hall', 'America/New_York', 'public'))).toEqual([
      'device "m1" keeps the days of Europe/Paris, and its figures are stored by them: in America/New_York it needs another id',
    ]);
    expect(changeFaults(pastOf(at('hall', 'Europe/Paris', 'public')), at('hall', 'Europe/Paris', 'professional'))).toEqual([]);
  });

  it('keep the past of a home private', () => {
    expect(changeFaults(pastOf(at('home', 'Europe/Paris', 'public')), at('hall', 'Europe/Paris', 'public'))).toEqual([
      'device "m1" measured a home, and its past stays private: elsewhere it needs another id',
    ]);
    expect(changeFaults(pastOf(at('hall', 'Europe/Paris', 'public')), at('home', 'Europe/Paris', 'public'))).toEqual([]);
  });

  it('one site keeps one zone', () => {
    expect(faults(`${head}sites: [{ id: hall, name: Hall, owner: public }]\ndevices:\n  - { id: m1, type: linky, site: hall, zone: Asia/Tokyo }`)).toEqual([
      'town.yaml:5 the site "hall" keeps the days of Europe/Paris: its devices cannot keep others',
    ]);
  });
});
