/** What the quantities of a device tell one another, through the pipeline: it outlives a crash, and a reading in doubt tells nothing. */
import { expect, test } from 'vitest';
import type { Anomaly } from '../../core/reading.ts';
import { drive, townOf } from '../drive.ts';

const minuteMs = 60_000;
const start = Date.parse('2026-03-01T00:00:00Z');
const town = townOf([
  { id: 'post', type: 'transformer', intervalMs: 10 * minuteMs },
  { id: 'borne', type: 'ev-charger', intervalMs: 10 * minuteMs },
]);

/** Two days: warm oil under 135 % of the load from noon to two on the second, and a charge point at which nothing flows. @param power of the charge point, W @param crashes after so many readings */
const anomaliesOf = async (power: number, crashes: readonly number[]): Promise<Anomaly[]> => {
  const gate = await drive(town, start);
  for (let n = 0; n < 288; n++) {
    const at = start + n * 10 * minuteMs;
    const isHeavy = n >= 216 && n < 228;
    gate.send('post', { ts: at, values: { load: isHeavy ? 135 : 60, oil_temperature: 86 + 0.1 * (n % 7) } }, { logTime: at + 1_000 });
    gate.send('borne', { ts: at, values: { charging: 'charging', active_power: power } }, { logTime: at + 1_000 });
    if (!crashes.includes(n)) continue;
    gate.at(at + 2_000);
    await gate.process();
    await gate.checkpoint();
    await gate.crash();
  }
  gate.at(start + 2 * 1_440 * minuteMs);
  await gate.process();
  const { rows } = await gate.store.anomalies({ limit: 100 });
  return [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
};

test('the load beside the oil, and the power beside the state, whether the gate crashed or not', async () => {
  const said = await anomaliesOf(0, []);
  const told = said
    .filter(({ kind }) => kind === 'charger' || kind === 'transformer-heat')
    .map(({ subject, quantity, code, until }) => [subject, quantity, code, until === null]);
  expect(told).toEqual([
    ['borne', 'charging', 'no-power', true],
    ['post', 'oil_temperature', 'hot-spot', false],
  ]);
  expect(await anomaliesOf(0, [10, 217, 218, 222, 229])).toEqual(said);
});

test('a value in doubt tells nothing', async () => {
  const said = await anomaliesOf(-1, []);
  expect(said.filter(({ kind }) => kind === 'charger')).toEqual([]);
  expect(said.filter(({ kind, subject }) => kind === 'out-of-range' && subject === 'borne')).toHaveLength(1);
});
