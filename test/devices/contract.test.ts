/** What every device type must hold to. A new type needs no new test: its examples are tried here. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { DeviceType, ResolvedType } from '../../core/device-type.ts';
import { FailureError } from '../../core/failure.ts';
import { amountQuantaMax, fromQuanta, gaugeQuantaMax, toQuanta } from '../../core/quantity.ts';
import { isUnit } from '../../core/unit.ts';
import { quantities, temperature } from '../../devices/quantities.ts';
import { deviceTypes, resolveTypes } from '../../devices/registry.ts';

const types = resolveTypes();

/** The native form, read through the resolved table alone: the smallest decoder that examples need. */
const decode = (resolved: ResolvedType, payload: unknown): { quantity: string; at?: string; value: number | string | null }[] => {
  const native = resolved.type.toNative === undefined ? payload : resolved.type.toNative(payload);
  const messages = (Array.isArray(native) ? native : [native]) as { ts?: number | string; values: Record<string, number | string | null> }[];
  return messages.flatMap(({ ts, values }) =>
    Object.entries(values).map(([field, sent]) => {
      const meaning = resolved.fields.get(field);
      if (meaning === undefined) throw new TypeError(`${resolved.type.name} does not know "${field}"`);
      const { quantity } = meaning.rule;
      const value = typeof sent === 'number' ? fromQuanta(quantity, toQuanta(quantity, sent * meaning.factor)) : sent;
      const at = ts === undefined ? {} : { at: new Date(ts).toISOString().replace('.000Z', 'Z') };
      return { quantity: quantity.name, ...at, value };
    }),
  );
};

describe.each(deviceTypes.map((type) => [type.name, type] as const))('the type %s', (name, type) => {
  const resolved = types.get(name) as ResolvedType;

  it.each(type.examples.map((example) => [example.title, example] as const))('decodes its example: %s', (_title, example) => {
    expect(decode(resolved, example.payload)).toEqual(example.readings);
  });

  it('has an example within its plausible ranges', () => {
    expect(type.examples.length).toBeGreaterThan(0);
    for (const { quantity, value } of type.examples.flatMap((example) => example.readings)) {
      const rule = resolved.rules.get(quantity);
      expect(rule, quantity).toBeDefined();
      if (typeof value === 'string') expect(rule?.quantity.states).toContain(value);
      if (typeof value !== 'number' || rule?.plausible === undefined) continue;
      expect(value).toBeGreaterThanOrEqual(rule.plausible[0]);
      expect(value).toBeLessThanOrEqual(rule.plausible[1]);
    }
  });

  it('can represent all that is plausible', () => {
    for (const { quantity, plausible, maxPerHour } of type.rules) {
      if (quantity.kind === 'state') expect(plausible).toBeUndefined();
      if (quantity.kind !== 'index') expect(maxPerHour).toBeUndefined();
      if (plausible === undefined) continue;
      const limit = quantity.kind === 'gauge' ? gaugeQuantaMax : amountQuantaMax;
      expect(plausible[0]).toBeLessThan(plausible[1]);
      if (quantity.kind === 'index') expect(plausible[0]).toBe(0);
      for (const end of plausible) expect(Math.abs(toQuanta(quantity, end)), quantity.name).toBeLessThan(limit);
    }
  });

  it('has times that fit together', () => {
    expect(resolved.holdMs).toBeGreaterThanOrEqual(type.intervalMs);
    expect(resolved.allowedLatenessMs).toBeGreaterThan(0);
    if (resolved.silentAfterMs !== null) expect(resolved.silentAfterMs).toBeGreaterThan(type.intervalMs);
    for (const { stuckAfterMs } of type.rules) if (stuckAfterMs !== undefined) expect(stuckAfterMs).toBeGreaterThan(resolved.holdMs);
  });

  it('leaves a native message as it is', () => {
    const native = { ts: 1, values: { temperature: 1 } };
    expect(type.toNative?.(native) ?? native).toBe(native);
    for (const odd of [null, 3, 'x', [], {}, [native]]) expect(() => type.toNative?.(odd)).not.toThrow();
  });
});

describe('the catalogue', () => {
  it('names each quantity once, in snake_case, in a unit that octroi knows', () => {
    expect(new Set(quantities.map(({ name }) => name)).size).toBe(quantities.length);
    for (const { name, unit, quantum, kind, states, step } of quantities) {
      expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
      expect(isUnit(unit), unit).toBe(true);
      expect(Number.isInteger(Math.log10(quantum))).toBe(true);
      expect(states !== undefined).toBe(kind === 'state');
      if (step !== undefined) expect(kind).toBe('gauge');
    }
  });

  it('lists what it exports', async () => {
    const all = Object.values(await import('../../devices/quantities.ts')).filter((value) => !Array.isArray(value));
    expect(new Set(all)).toEqual(new Set(quantities));
  });

  it('reads back what it writes', () => {
    for (const quantity of quantities) {
      for (const quanta of [0, 1, 7, 2153, 1_073_741_823]) expect(toQuanta(quantity, fromQuanta(quantity, quanta))).toBe(quanta);
    }
  });
});

describe('the registry', () => {
  it('agrees with the folder', () => {
    const folder = fileURLToPath(new URL('../../devices', import.meta.url));
    const files = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !['quantities.ts', 'registry.ts'].includes(entry.name))
      .map((entry) => entry.name.slice(0, -3));
    expect(files.sort()).toEqual(deviceTypes.map(({ name }) => name).sort());
  });

  it('fills in the defaults', () => {
    const type: DeviceType = { name: 'x', label: { fr: 'x', en: 'x' }, intervalMs: 1_000, rules: [{ quantity: temperature }], examples: [] };
    expect(resolveTypes([type]).get('x')).toMatchObject({ holdMs: 3_000, allowedLatenessMs: 1_000, silentAfterMs: 4_000 });
  });

  const base: DeviceType = { name: 'x', label: { fr: 'x', en: 'x' }, intervalMs: 1_000, rules: [{ quantity: temperature }], examples: [] };
  it.each<[string, DeviceType[]]>([
    ['a field without a rule', [{ ...base, fields: { h: { quantity: 'humidity' } } }]],
    ['a unit of another dimension', [{ ...base, fields: { t: { quantity: 'temperature', unit: 'W' } } }]],
    ['a field with the name of a quantity', [{ ...base, fields: { temperature: { quantity: 'temperature' } } }]],
    ['two rules for a quantity', [{ ...base, rules: [{ quantity: temperature }, { quantity: temperature }] }]],
    ['a name used twice', [base, base]],
    ['a quantity defined twice', [base, { ...base, name: 'y', rules: [{ quantity: { ...temperature, quantum: 1 } }] }]],
  ])('refuses %s', (_what, list) => {
    expect(() => resolveTypes(list)).toThrow(FailureError);
  });
});
