import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { sharedReads } from '../../broker/shared-reads.ts';

it('takes a connection over from where Node keeps it, and reads it through one buffer', async () => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const taken = sharedReads(accepted);
  const chunks: Buffer[] = [];
  taken.on('data', (chunk: Buffer) => chunks.push(chunk));
  client.write('first');
  await once(taken, 'data');
  client.write('other');
  await once(taken, 'data');
  expect(chunks.map(String)).toEqual(['other', 'other']); // both are the one buffer
  client.destroy();
  await once(taken, 'close');
  await new Promise((resolve) => server.close(resolve)); // it counts the connection as gone
});
