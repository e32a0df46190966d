import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import { expect, it } from 'vitest';
import { type AedesClient, retainedOf } from '../../broker/aedes-client.ts';
import { Gate } from '../../broker/gate.ts';
import { type HookContext, hooks } from '../../broker/hooks.ts';
import { doorLimitDefaults } from '../../broker/limits.ts';

const context = (over: Partial<HookContext> = {}): HookContext => ({
  gate: new Gate(
    doorLimitDefaults,
    (_draft, settled) => settled(),
    () => 0,
  ),
  admit: () => ({ admitted: true, sender: '', stranger: false, operatorSecret: null }),
  holder: () => undefined,
  strangers: new Set(),
  refused: () => {},
  forwardDropped: () => {},
  ...over,
});

const broken: HookContext = context({
  admit: () => {
    throw new Error('look-up failed');
  },
  refused: () => {
    throw new Error('counter failed');
  },
});

it('turns whatever goes wrong in a hook into one error', () => {
  const odd = [null, undefined, {}, { id: null, conn: null }] as unknown as Client[];
  for (const made of [hooks(context()), hooks(broken)]) {
    for (const client of odd) {
      const errors: unknown[] = [];
      const note = (error?: unknown): void => {
        errors.push(error);
      };
      made.authenticate?.(client, undefined, undefined, note);
      made.authorizePublish?.(client, { cmd: 'publish', topic: 'a/#', payload: '', qos: 0, dup: false, retain: true } as PublishPacket, note);
      made.authorizePublish?.(client, {} as PublishPacket, note);
      made.preConnect?.(client, null as never, note);
      expect(errors).toHaveLength(4);
      expect(errors.every((error) => error instanceof Error)).toBe(true);
      made.authorizeSubscribe?.(client, { topic: '#', qos: 0 }, note);
      expect(errors).toHaveLength(5);
      expect(made.authorizeForward?.(client, {} as never) ?? null).toSatisfy((result) => result === null || typeof result === 'object');
    }
  }
});

it('finds the private fields of aedes that it relies on', async () => {
  const broker = await Aedes.createBroker();
  const client = broker.handle(new PassThrough()) as unknown as AedesClient & { readonly _keepaliveTimer: unknown };
  expect(typeof client._parser._parseLength).toBe('function');
  expect(typeof client._parser._emitError).toBe('function');
  expect(client._parser.packet).toMatchObject({ cmd: null, length: -1 });
  expect(typeof client._parser._parsePayload).toBe('function');
  expect(client._parser._list.length).toBe(0);
  expect(client._inboundInflight).toBeInstanceOf(Set);
  expect(typeof client._parsingBatch).toBe('number');
  expect(client._keepaliveTimer).toBeNull();
  expect(typeof client.pause).toBe('function');
  expect(await retainedOf(broker).createRetainedStreamCombi(['#']).toArray()).toEqual([]);
  client.close();
  const closed = once(broker, 'closed');
  broker.close();
  await closed;
});
