/** Profiles: the bundled ones are right, and every fault is named with its line. */
import { expect, test } from 'vitest';
import { FailureError } from '../../core/failure.ts';
import { resolveTypes } from '../../devices/registry.ts';
import { bundledProfiles, parseProfile } from '../../imports/profile.ts';

const types = resolveTypes();

const wide = `name: wide
files: [wide.csv]
source: this test
time: { column: at, format: civil, zone: Europe/Paris, stamp: start }
stepMs: 3600000
devices:
  - { id: house, type: submeter }
columns:
  - { column: wh, device: house, quantity: active_energy, unit: W.h }
`;

const messageOf = (source: string): string => {
  try {
    parseProfile(source, types, 'p.yaml');
  } catch (error) {
    if (error instanceof FailureError && error.failure.code === 'profile-invalid') return error.failure.message;
    throw error;
  }
  return '';
};

test('the bundled profiles are right; no file, and no device, belongs to two of them', () => {
  const profiles = bundledProfiles(types);
  expect(profiles.length).toBe(12);
  const files = profiles.flatMap((profile) => profile.files);
  const devices = profiles.flatMap((profile) => profile.devices.map(({ id }) => id));
  expect(new Set(files).size).toBe(files.length);
  expect(new Set(devices).size).toBe(devices.length);
});

test('a column knows its factor, its span and its zone', () => {
  expect(parseProfile(wide, types, 'p.yaml').columns).toEqual([
    { column: 'wh', device: 'house', quantity: 'active_energy', factor: 0.001, words: false, spanMs: 3_600_000, missing: [''], zone: 'Europe/Paris' },
  ]);
});

test.each([
  ['an unknown key', wide.replace('source: this test', 'sauce: this test'), 'p.yaml:1: '],
  ['a zone that is none', wide.replace('Europe/Paris', 'Europe/Issy'), 'p.yaml:4: time.zone: not an IANA time zone'],
  ['a type that is none', wide.replace('submeter', 'meter'), 'p.yaml:7: no device type "meter"'],
  ['a quantity the type lacks', wide.replace('active_energy', 'gas_volume'), 'p.yaml:9: a submeter does not measure "gas_volume"'],
  ['a unit of something else', wide.replace('W.h', 'Cel'), 'p.yaml:9: "Cel" does not convert to "kW.h"'],
  ['a device that is not declared', wide.replace('device: house', 'device: barn'), 'p.yaml:9: no device "barn"'],
  ['an amount without its interval', wide.replace('stepMs: 3600000\n', ''), 'say stepMs'],
  ['a stamp at the end without an interval', wide.replace('stamp: start', 'stamp: end').replace('stepMs: 3600000\n', ''), 'a stamp at the end needs stepMs'],
  ['broken YAML', 'name: [', 'p.yaml:1: '],
])('%s is named with its line', (_, source, found) => {
  expect(messageOf(source)).toContain(found);
});
