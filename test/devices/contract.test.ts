/** What every device type must hold to. A new type needs no new test: its examples are tried here. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { DeviceType, Example, ResolvedType } from '../../core/device-type.ts';
import type { Envelope } from '../../core/envelope.ts';
import { FailureError } from '../../core/failure.ts';
import { amountQuantaMax, fromQuanta, gaugeQuantaMax, toQuanta } from '../../core/quantity.ts';
import { Flag } from '../../core/reading.ts';
import { townSchema } from '../../core/town.ts';
import { unitFactor } from '../../core/unit.ts';
import { quantities, temperature } from '../../devices/quantities.ts';
import { deviceTypes, resolveTypes } from '../../devices/registry.ts';
import { decodeMessage } from '../../processors/decode.ts';
import { registry } from '../../processors/registry.ts';
import { validate } from '../../processors/validate.ts';

const types = resolveTypes();

const logTime = Date.UTC(2027, 0, 1);

/** What the pipeline's own operators make of a payload, in the words of an example. */
const decode = ({ type }: ResolvedType, payload: unknown): Example['readings'] => {
  const known = registry(types);
  known.apply(townSchema.parse({ name: 'T', zone: 'Europe/Paris', admission: 'open', devices: [{ id: 'd', type: type.name }] }));
  const envelope: Envelope = {
    kind: 'message',
    subject: 'd',
    sender: 'd',
    topic: 'city/v1/a/d/telemetry',
    payload: Buffer.from(JSON.stringify(payload)),
    qos: 1,
    dup: false,
    packetId: 1,
    partition: 0,
    offset: 0,
    logTime,
  };
  const decoded = decodeMessage(envelope, known, types);
  if ('refused' in decoded) throw new FailureError(decoded.refused);
  return decoded.candidates.map((candidate) => {
    const measured = validate(candidate, logTime);
    if ('refused' in measured) throw new FailureError(measured.refused);
    const {
      rule,
      point: { at, value, flags },
    } = measured;
    const stamp = (flags & Flag.unstamped) === 0 ? { at: new Date(at).toISOString().replace('.000Z', 'Z') } : {};
    const word = value === null ? null : (rule.quantity.states?.[value] ?? fromQuanta(rule.quantity, value));
    return { quantity: rule.quantity.name, ...stamp, value: word };
  });
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
      expect(unitFactor(unit, unit), unit).toBe(1);
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
