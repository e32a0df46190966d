/** Filters and topics by the examples of MQTT 3.1.1, 4.7.1, and around them. */
import { expect, test } from 'vitest';
import { matchesFilter } from '../../broker/topic.ts';

test.each([
  [
    'sport/tennis/player1/#',
    ['sport/tennis/player1', 'sport/tennis/player1/ranking', 'sport/tennis/player1/score/wimbledon'],
    ['sport/tennis/player10', 'sport'],
  ],
  ['#', ['sport', 'sport/tennis', '/finance'], []],
  ['sport/tennis/+', ['sport/tennis/player1', 'sport/tennis/'], ['sport/tennis', 'sport/tennis/player1/ranking']],
  ['sport/+', ['sport/'], ['sport', 'sport/a/b']],
  ['+', ['sport'], ['/finance', 'sport/']],
  ['+/+', ['/finance'], ['finance', 'a/b/c']],
  ['/+', ['/finance'], ['finance']],
  ['+/tennis/#', ['a/tennis', '/tennis/b'], ['tennis', 'a/b/tennis']],
  ['a/+/c', ['a/b/c', 'a//c'], ['a/c', 'a/b/d', 'a/b/cc', 'a/b']],
  ['a/b', ['a/b'], ['a', 'a/b/c', 'a/bb', 'A/b', '']],
])('%s', (filter, matched, others) => {
  expect(matched.filter((topic) => !matchesFilter(filter, topic))).toEqual([]);
  expect(others.filter((topic) => matchesFilter(filter, topic))).toEqual([]);
});
