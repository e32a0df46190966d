/** What reasons say of figures: with their unit, as each language writes them. */
import { expect, test } from 'vitest';
import { drive, townOf } from '../drive.ts';

const now = Date.parse('2026-04-07T10:00:00Z');

test('thousands stand apart, and only before the decimal sign', async () => {
  const gate = await drive(townOf([{ id: 'a', type: 'generic' }]), now);
  gate.send('a', { ts: now, values: { co2: 123_456, temperature: -1_234.56 } });
  gate.tick(now + 2_000);
  await gate.process();
  const { rows } = await gate.store.anomalies({ limit: 10 });
  const said = (quantity: string) => rows.find((row) => row.quantity === quantity)?.reason;
  expect(said('co2')?.en).toContain('123,456 ppm');
  expect(said('co2')?.fr).toContain('123\u202f456 ppm');
  expect(said('temperature')?.en).toContain('-1,234.56 °C');
  expect(said('temperature')?.fr).toContain('-1\u202f234,56 °C');
});
