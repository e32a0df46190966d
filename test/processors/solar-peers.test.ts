/** Solar plants of a town, through the pipeline: what they told one another outlives a crash, and a plant that falls behind is said once. */
import { expect, test } from 'vitest';
import type { Anomaly } from '../../core/reading.ts';
import { clearSky, sunPosition } from '../../core/sun.ts';
import { drive, townOf } from '../drive.ts';

const issy: [number, number] = [2.27, 48.82];
const start = Date.parse('2026-03-01T00:00:00Z');
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const roofs = ['roof-a', 'roof-b', 'roof-c', 'roof-d'];
const town = townOf(roofs.map((id) => ({ id, type: 'pv-inverter', at: issy, intervalMs: hourMs / 2 })));

/** Forty days of half-hours; a quarter of `roof-a` is gone from the 30th on. @param crashes days after which all that is not committed is lost */
const anomaliesOf = async (crashes: readonly number[]): Promise<Anomaly[]> => {
  const gate = await drive(town, start);
  for (let day = 0; day < 40; day++) {
    for (let at = start + day * dayMs; at < start + (day + 1) * dayMs; at += hourMs / 2) {
      for (const [n, roof] of roofs.entries()) {
        const left = n === 0 && day >= 30 ? 0.75 : 1;
        const watts = (3 + n) * clearSky(sunPosition(at, ...issy).elevationDeg) * (day % 4 === 0 ? 0.6 : 1) * left;
        gate.send(roof, { ts: at, values: { active_power: Math.round(watts) } }, { logTime: at + 1_000 });
      }
    }
    gate.at(start + (day + 1) * dayMs);
    await gate.process();
    if (!crashes.includes(day)) continue;
    await gate.checkpoint();
    await gate.crash();
  }
  const { rows } = await gate.store.anomalies({ limit: 1_000 });
  return [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
};

test('a plant that falls behind the others is said, whether the gate crashed or not', async () => {
  const said = await anomaliesOf([]);
  const [peers, ...more] = said.filter(({ kind }) => kind === 'solar-peers');
  expect(more).toEqual([]);
  expect(peers).toMatchObject({ subject: 'roof-a', quantity: 'active_power', code: 'behind' });
  expect(peers?.reason.en).toContain('than 3 other plants');
  expect(await anomaliesOf([20, 31, 32, 33])).toEqual(said);
});
