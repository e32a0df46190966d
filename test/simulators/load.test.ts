import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoadOptions, loadReading, runLoad } from '../../simulators/load.ts';
import { loadSubject, publishTemplate, writePublish } from '../../simulators/load-packets.ts';
import { type TestBroker, testBroker } from './broker.ts';

const firstAt = Date.UTC(2026, 0, 15, 18);

let broker: TestBroker;
beforeEach(async () => {
  broker = await testBroker();
});
afterEach(() => broker.close());

const options = (more: Partial<LoadOptions> = {}): LoadOptions => ({ port: broker.port, connections: 7, window: 4, messages: 500, firstAt, ...more });

interface Payload {
  readonly deviceId: string;
  readonly ts: number;
  readonly values: { readonly temperature: number; readonly humidity: number; readonly pm25: number };
}

/** What arrived, as `subject/ts`, each once. */
const arrived = (): Map<string, Payload> =>
  new Map(broker.received.map(({ payload }) => [`${(payload as Payload).deviceId}/${(payload as Payload).ts}`, payload as Payload]));

describe('a packet', () => {
  it('has the size asked for, and only its own places change', () => {
    const template = publishTemplate(123, firstAt, 200);
    const target = Buffer.alloc(template.bytes.length);
    writePublish(target, 0, template, 0x1234, firstAt + 999, 987, true);
    const payload = target.subarray(template.idAt + 2);
    expect(payload.length).toBe(200);
    expect(JSON.parse(payload.toString())).toMatchObject({
      deviceId: 'dev-000123',
      ts: firstAt + 999,
      values: { temperature: 29.87, humidity: 48.2, pm25: 12.77 },
    });
    expect(target[0]).toBe(0x3a);
    expect(target.readUInt16BE(template.idAt)).toBe(0x1234);
    expect(target.toString()).toContain('city/v1/d03/dev-000123/telemetry');
  });
});

describe('the load generator', () => {
  it('sends every message once and measures its acknowledgement', async () => {
    const result = await runLoad(options());
    expect(result).toMatchObject({ complete: true, sent: 500, acknowledged: 500, resent: 0, reconnects: 0 });
    expect(broker.received).toHaveLength(500);
    expect(result.acksPerSecond).toBeGreaterThan(0);
    expect(result.latencyMsP50).toBeGreaterThan(0);
    expect(result.latencyMsP99).toBeGreaterThanOrEqual(result.latencyMsP50);
    expect(result.latencyMsMax).toBeGreaterThanOrEqual(result.latencyMsP99);
    const payloads = arrived();
    expect(payloads.size).toBe(500);
    for (const { subject, sent, acknowledged } of result.journal) {
      expect([...acknowledged].filter((one) => one === 1)).toHaveLength(sent);
      for (let seq = 0; seq < sent; seq++) {
        const { at, temperature } = loadReading({ firstAt }, seq);
        expect(payloads.get(`${subject}/${at}`)?.values.temperature).toBe(temperature);
      }
    }
  });

  it('never has more in flight than its window', async () => {
    const flying = new Map<string, number>();
    let most = 0;
    broker.hold = async ({ client }) => {
      flying.set(client, (flying.get(client) ?? 0) + 1);
      most = Math.max(most, flying.get(client) ?? 0);
      await new Promise((resolve) => setImmediate(resolve));
      flying.set(client, (flying.get(client) ?? 1) - 1);
    };
    await runLoad(options({ messages: 200 }));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('keeps a pace', async () => {
    const result = await runLoad(options({ messages: 200, ratePerSecond: 500 }));
    expect(result.complete).toBe(true);
    expect(result.durationMs).toBeGreaterThan(350);
  });

  it('sends again, with DUP, what was not acknowledged when the connection broke', async () => {
    let cut = false;
    broker.hold = ({ client }) => {
      if (cut || broker.received.length < 100) return Promise.resolve();
      cut = true;
      expect(client).toMatch(/^dev-/);
      broker.cut();
      return new Promise(() => undefined);
    };
    const result = await runLoad(options({ resend: true }));
    expect(result.complete).toBe(true);
    expect(result.reconnects).toBeGreaterThan(0);
    expect(result.resent).toBeGreaterThan(0);
    expect(broker.received.filter(({ dup }) => dup)).toHaveLength(result.resent);
    expect(arrived().size).toBe(500);
  });

  it('says which messages were promised when it is stopped', async () => {
    const stop = new AbortController();
    const result = await runLoad(options({ signal: stop.signal, onAcknowledged: (count) => count === 120 && stop.abort() }));
    expect(result.complete).toBe(false);
    expect(result.acknowledged).toBeGreaterThanOrEqual(120);
    const promised = result.journal.flatMap(({ subject, acknowledged }) =>
      [...acknowledged].flatMap((one, seq) => (one === 1 ? [`${subject}/${loadReading({ firstAt }, seq).at}`] : [])),
    );
    expect(promised).toHaveLength(result.acknowledged);
    const payloads = arrived();
    for (const one of promised) expect(payloads.has(one)).toBe(true);
  });

  it('gives up a lost connection when it was not told to send again, and a gate that is away', async () => {
    broker.hold = () => {
      broker.cut();
      return new Promise(() => undefined);
    };
    expect(await runLoad(options())).toMatchObject({ complete: false, acknowledged: 0 });
    const { port } = broker;
    await broker.close();
    expect(await runLoad(options({ port }))).toMatchObject({ complete: false, sent: 0 });
    broker = await testBroker();
  });

  it('names its devices from the number asked for', async () => {
    const { journal } = await runLoad(options({ connections: 2, messages: 2, firstDevice: 40 }));
    expect(journal.map(({ subject }) => subject)).toEqual([loadSubject(40), loadSubject(41)]);
  });
});
