/** Each store knows which dead letters wait still, through all that can befall one. */
import { expect, it } from 'vitest';
import { firstItem, wholeEnvelope } from '../../core/reading.ts';
import type { Commit, Store } from '../../core/store.ts';
import { drive, townOf } from '../drive.ts';
import { onEveryStore } from './every-store.ts';

const now = Date.parse('2026-04-07T10:00:00Z');
const seconds = 1_000;

/** The store as an earlier octroi filled it, for as long as that ran: it counted the readings of an envelope from 0. */
const writtenByEarlier = (store: Store, isRunning: () => boolean): Store => {
  const asThen = (one: Commit): Commit => ({
    ...one,
    outputs: {
      ...one.outputs,
      deadLetters: one.outputs.deadLetters.map((letter) => (letter.item === firstItem ? { ...letter, item: wholeEnvelope } : letter)),
    },
  });
  return new Proxy(store, {
    get(target, name) {
      if (name === 'commit') return (one: Commit) => target.commit(isRunning() ? asThen(one) : one);
      const part = Reflect.get(target, name);
      return typeof part === 'function' ? part.bind(target) : part;
    },
  });
};

onEveryStore((current) => {
  it.each([['of now'], ['before']])(
    'opens what waits for a device that leaves and comes back, for its time, and for it again: by the octroi %s',
    async (by) => {
      const known = { action: 'apply', town: townOf([{ id: 'b', type: 'generic' }], { admission: 'declared' }) };
      const gone = { action: 'apply', town: townOf([], { admission: 'declared' }) };
      let isEarlier = by === 'before';
      const gate = await drive(
        townOf([], { admission: 'declared' }),
        now,
        writtenByEarlier(current(), () => isEarlier),
      );
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
      isEarlier = false;
      gate.append('registry', gone);
      await thenHolds(now + 3_700 * seconds, 0);
      gate.append('registry', known);
      await thenHolds(now + 3_705 * seconds, 1);
      const { rows } = await gate.store.readings({ subject: 'b', quantity: 'temperature', from: 0, to: 2 * now, limit: 10 });
      expect(rows.map(({ value }) => value)).toEqual([300]);
    },
  );
});
