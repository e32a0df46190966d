/** The unit codes against a list made by hand from UCUM, with each code's dimension. */
import { describe, expect, it } from 'vitest';
import { unitFactor, units } from '../../core/unit.ts';

/** Codes that a UCUM validator accepts (@lhncbc/ucum-lhc 7.1.9, or built by the grammar from atoms, prefixes and annotations that it has). */
const valid = new Set(
  `1 % W.h kW.h MW.h J MJ W kW MW V.A kV.A V.A{reactive} kV.A{reactive} V.A{reactive}.h kV.A{reactive}.h V kV A Hz Cel
   m3 L m3/h L/h m/s km/h hPa bar W/m2 lx [ppm] ug/m3 mm deg s min h dB {place} {vehicle} {person}`.split(/\s+/),
);

describe('the units', () => {
  it('are codes of UCUM', () => {
    expect(Object.keys(units).filter((code) => !valid.has(code))).toEqual([]);
  });

  it.each(['kWh', 'Wh', 'var', 'kvar.h', '°C', 'dB[A]', 'KW', 'm³', '', 'constructor', '__proto__'])('do not hold %j', (code) => {
    expect(unitFactor(code, code)).toBeUndefined();
  });

  it.each([
    ['W.h', 'kW.h', 0.001],
    ['MW.h', 'kW.h', 1_000],
    ['MJ', 'kW.h', 1 / 3.6],
    ['kV.A{reactive}.h', 'V.A{reactive}.h', 1_000],
    ['km/h', 'm/s', 1 / 3.6],
    ['L', 'm3', 0.001],
    ['L/h', 'm3/h', 0.001],
    ['bar', 'hPa', 1_000],
    ['h', 's', 3_600],
    ['%', '1', 0.01],
  ])('convert %s to %s', (from, to, factor) => {
    expect(unitFactor(from, to)).toBeCloseTo(factor, 12);
    expect(unitFactor(to, from)).toBeCloseTo(1 / factor, 9);
  });

  it('never convert what measures something else: apparent, reactive and active are three things', () => {
    for (const [a, b] of [
      ['V.A', 'W'],
      ['V.A{reactive}', 'W'],
      ['V.A{reactive}', 'V.A'],
      ['m3', 'kW.h'],
      ['W', 'kW.h'],
      ['{place}', '{vehicle}'],
      ['[ppm]', 'ug/m3'],
    ] as const) {
      expect(unitFactor(a, b), `${a} → ${b}`).toBeUndefined();
    }
  });
});
