/** A jump is said as what it is: a difference, beside the usual difference; no value is invented that nobody could measure. */
import { expect, test } from 'vitest';
import { drive, townOf } from '../drive.ts';

const start = Date.parse('2026-03-02T08:00:00Z');

test('a charger that falls from 7.4 kW to nothing', async () => {
  const gate = await drive(townOf([{ id: 'borne', type: 'ev-charger' }]), start);
  for (let n = 0; n <= 120; n++) {
    const at = start + n * 30_000;
    gate.at(at);
    gate.send('borne', { ts: at, values: { active_power: n === 120 ? 0 : 7_400 + (n % 2) * 3 } });
  }
  await gate.process();
  const { rows } = await gate.store.anomalies({ limit: 10 });
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    kind: 'jump',
    observed: 0,
    usual: null,
    reason: {
      fr: expect.stringMatching(/^Tombé de 7,403 kW en un pas, de 7,403 kW à 0 W ; d'ordinaire un pas fait \d+(,\d+)? W au plus\.$/),
      en: expect.stringMatching(/^Fell by 7\.403 kW in one step, from 7\.403 kW to 0 W; a step usually is \d+(\.\d+)? W at the most\.$/),
    },
  });
});

test.each([
  { what: 'below', to: 4_900, jumps: 0 },
  { what: 'above', to: 5_100, jumps: 1 },
])('an inverter that wakes by a step $what a hundredth of its plausible range', async ({ to, jumps }) => {
  const gate = await drive(townOf([{ id: 'toit', type: 'pv-inverter' }]), start);
  // −500 W to 500 kW: a hundredth is 5,005 W.
  for (let n = 0; n <= 60; n++) {
    const at = start + n * 60_000;
    gate.at(at);
    gate.send('toit', { ts: at, values: { active_power: n === 60 ? to : 0 } });
  }
  await gate.process();
  const { rows } = await gate.store.anomalies({ limit: 10 });
  expect(rows.filter(({ kind }) => kind === 'jump')).toHaveLength(jumps);
});
