/** Words that go by a number. */
import { expect, it } from 'vitest';
import { messages } from '../../dashboards/web/text/messages.ts';

it('one is one, and none is none', () => {
  const [fr, en] = [messages('fr'), messages('en')];
  expect([0, 1, 2].map((n) => fr.town.pvFrom(n, 15))).toEqual(['aucun onduleur sur 15 ne répond', '1 onduleur sur 15 répond', '2 onduleurs sur 15 répondent']);
  expect([en.town.pvFrom(0, 15), en.town.pvFrom(1, 15)]).toEqual(['none of 15 inverters answer', '1 of 15 inverters answer']);
  expect([0, 1, 2].map((n) => en.operations.waiting(n))).toEqual(['envelopes waiting', 'envelope waiting', 'envelopes waiting']);
  expect([0, 1, 2].map((n) => fr.operations.waiting(n))).toEqual(['enveloppe en attente', 'enveloppe en attente', 'enveloppes en attente']);
  expect([en.operations.heldNow('1', '3 B'), fr.operations.heldNow('1', '3 o')]).toEqual([
    '1 message waits for its acknowledgement (3 B).',
    '1 message attend son accusé de réception (3 o).',
  ]);
  expect([en.operations.heldNow('0', '108 B'), fr.operations.heldNow('0', '108 o')]).toEqual([
    'No message waits for its acknowledgement.',
    'Aucun message n’attend son accusé de réception.',
  ]);
});
