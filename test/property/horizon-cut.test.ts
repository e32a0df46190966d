/**
 * What was cut at the horizon changes no figure: however registers run, fall silent, start again and are corrected around a
 * cut, the panes equal those of a gate that cut nothing and never had the readings that were refused.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { minuteMs } from '../../core/time.ts';
import { type Drive, drive, townOf } from '../drive.ts';

const start = Date.parse('2026-03-31T20:00:00Z'); // two hours before the month ends in Paris
const quantity = 'active_energy_import';
const windows = ['PT15M', 'PT1H', 'P1D', 'P1M', 'P'] as const;

interface Said {
  readonly at: number;
  readonly value: number | null;
}
type Step = Said | 'tick' | { readonly cut: number };

/** @param isLeft by the step's place: left out, a second passes instead @returns the gate, and the offset of each step */
const run = async (steps: readonly Step[], isLeft: (place: number) => boolean): Promise<{ gate: Drive; offsets: number[] }> => {
  // Hold times of three minutes: most gaps are wider, and belong to windows above.
  const gate = await drive(townOf([{ id: 'm', type: 'submeter', intervalMs: minuteMs, holdMs: 3 * minuteMs }]), start + 86_400_000);
  const offsets: number[] = [];
  for (const [place, step] of steps.entries()) {
    offsets.push(gate.log.length);
    if (step === 'tick' || isLeft(place)) gate.tick(gate.now() + 1_000);
    else if ('cut' in step) gate.append('command', { action: 'cut', before: Math.floor(gate.log.length * step.cut) });
    else gate.send('m', { ts: step.at, values: { [quantity]: step.value } });
    await gate.process();
  }
  gate.tick(gate.now() + 40_000);
  gate.tick(gate.now() + 40 * 86_400_000, 20 * 86_400_000);
  gate.tick(gate.now() + 3_000);
  await gate.process();
  return { gate, offsets };
};

const figures = async (gate: Drive): Promise<unknown[]> => {
  const found: unknown[] = [];
  for (const window of windows)
    for (const { start: at, sum, unallocated, observedMs, count } of await gate.panes('m', quantity, window)) {
      expect(unallocated).toBeGreaterThanOrEqual(0);
      if (count > 0 || sum > 0 || observedMs > 0) found.push({ window, at, sum, unallocated, observedMs, count });
    }
  return found;
};

/** Runs of readings a minute apart, hours between them; some missing, some from a register that started again; then late ones, ticks and cuts. */
const story: fc.Arbitrary<Step[]> = fc
  .record({
    runs: fc.array(
      fc.record({
        gap: fc.integer({ min: 4, max: 90 }),
        values: fc.array(fc.option(fc.integer({ min: 0, max: 40 }), { freq: 3 }), { minLength: 1, maxLength: 6 }),
        falls: fc.boolean(),
      }),
      { minLength: 2, maxLength: 5 },
    ),
    late: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.record({ minute: fc.nat(300), value: fc.option(fc.nat(400), { freq: 6 }) }) },
        { weight: 2, arbitrary: fc.constant('tick' as const) },
        { weight: 1, arbitrary: fc.record({ cut: fc.double({ min: 0.3, max: 1, noNaN: true }) }) },
      ),
      { minLength: 3, maxLength: 14 },
    ),
  })
  .map(({ runs, late }) => {
    const steps: Step[] = [];
    let [at, register] = [start, 100];
    for (const { gap, values, falls } of runs) {
      at += gap * minuteMs;
      if (falls) register = Math.floor(register / 4);
      for (const rise of values) {
        at += minuteMs;
        register += rise ?? 0;
        steps.push({ at, value: rise === null ? null : register });
      }
      steps.push('tick');
    }
    for (const one of late) steps.push(typeof one === 'object' && 'minute' in one ? { at: start + one.minute * minuteMs, value: one.value } : one);
    return steps;
  });

test('a cut changes no figure', async () => {
  await fc.assert(
    fc.asyncProperty(story, async (steps) => {
      const { gate, offsets } = await run(steps, () => false);
      const { rows } = await gate.store.deadLettersPage({ code: 'beyond-horizon', limit: 1_000 });
      const refused = new Set(rows.map(({ offset }) => offset));
      const isLeft = (place: number): boolean => typeof steps[place] === 'object' && ('cut' in steps[place] || refused.has(offsets[place] as number));
      expect(await figures(gate)).toEqual(await figures((await run(steps, isLeft)).gate));
    }),
    { numRuns: Number(process.env.OCTROI_PROPERTY_RUNS ?? 150) },
  );
});
