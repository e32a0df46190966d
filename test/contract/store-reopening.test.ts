/** Each store knows which dead letters wait still, through all that can befall one. */
import { expect, it } from 'vitest';
import { drive, townOf } from '../drive.ts';
import { onEveryStore } from './every-store.ts';

const now = Date.parse('2026-04-07T10:00:00Z');
const seconds = 1_000;

onEveryStore((current) => {
  it('opens what waits for a device that leaves and comes back: for the device, for its time, and for the device again', async () => {
    const known = { action: 'apply', town: townOf([{ id: 'b', type: 'generic' }], { admission: 'declared' }) };
    const gone = { action: 'apply', town: townOf([], { admission: 'declared' }) };
    const gate = await drive(townOf([], { admission: 'declared' }), now, current());
    const thenHolds = async (at: number, stored: number): Promise<void> => {
      gate.tick(at);
      await gate.process();
      expect(gate.ledger().readings).toMatchObject({ accepted: 1, stored, deadLetter: 1 - stored });
      expect(await gate.store.recount()).toMatchObject({ stored, deadLetter: 1 - stored });
    };
    gate.send('b', { ts: now + 3_600 * seconds, values: { temperature: 3 } }, { sender: 'b' });
    await thenHolds(now + seconds, 0);
    gate.append('registry', known);
    await thenHolds(now + 2 * seconds, 0);
    gate.append('registry', gone);
    await thenHolds(now + 3_700 * seconds, 0);
    gate.append('registry', known);
    await thenHolds(now + 3_705 * seconds, 1);
    const { rows } = await gate.store.readings({ subject: 'b', quantity: 'temperature', from: 0, to: 2 * now, limit: 10 });
    expect(rows.map(({ value }) => value)).toEqual([300]);
  });
});
