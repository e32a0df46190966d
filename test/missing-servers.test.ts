/** `npm test` tells tests that were left out for want of a server from others that were skipped, and where they are. */
import { expect, test } from 'vitest';
import { missingLines, missingServers } from '../bin/missing-servers.mjs';
import { noServer } from '../torture/rigs/server-process.ts';
import { withReason } from './reason.ts';

const one = (status: string, title: string, ...ancestorTitles: string[]) => ({ status, title, ancestorTitles });

test('what was left out is told by server and by file', () => {
  const kafka = noServer('Kafka 4.1.1, which a script fetches');
  const missing = missingServers({
    testResults: [
      {
        name: '/r/test/a.test.ts',
        assertionResults: [one('skipped', 'starts', withReason('the log', kafka)), one('pending', 'ends', withReason('the log', kafka))],
      },
      {
        name: '/r/test/b.test.ts',
        assertionResults: [
          one('skipped', withReason('agrees', noServer('InfluxDB'))),
          one('skipped', withReason('in Chromium', 'it is not installed')),
          one('passed', withReason('the log', null)),
        ],
      },
    ],
  });
  expect(missingLines(missing, '/r')).toEqual([
    'left out for want of Kafka 4.1.1, which a script fetches:',
    '    2 in test/a.test.ts',
    'left out for want of InfluxDB:',
    '    1 in test/b.test.ts',
  ]);
  expect(missingServers({ testResults: [] }).size).toBe(0);
});
