/** Alarms leave octroi: told once a state, in order, kept while the other side is away, not at night unless they are weighty, signed. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Alarm, Told } from '../../core/alarm.ts';
import type { LiveEvent } from '../../core/views.ts';
import { mail } from '../../notify/mail.ts';
import { type Notifier, type NotifierOptions, notifier } from '../../notify/notifier.ts';
import { isQuietAt } from '../../notify/quiet-hours.ts';
import { webhook } from '../../notify/webhook.ts';
import { memoryStore } from '../../stores/memory.ts';
import { until } from '../../torture/gate.ts';
import { alarm, commit } from '../stores/rows.ts';

const secret = `whsec_${Buffer.from('a key that only the test knows').toString('base64')}`;

/** A receiver that answers as it is told. */
const receiver = async () => {
  const got: { headers: IncomingHttpHeaders; body: string }[] = [];
  let status = 200;
  const server: Server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    if (status === 200) got.push({ headers: request.headers, body });
    response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return {
    got,
    told: () => got.map(({ body }) => JSON.parse(body)).map(({ type, data }) => `${data.id} ${type}`),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    answer: (next: number) => {
      status = next;
    },
  };
};

/** A store whose commits are told, and a notifier over it. */
const town = async (options: Pick<NotifierOptions, 'channel'> & Partial<NotifierOptions>) => {
  const store = memoryStore();
  const listeners = new Set<(event: LiveEvent) => void>();
  const kept: Told[] = [];
  const failed: string[] = [];
  let running: Notifier | undefined;
  const start = (more: Partial<NotifierOptions> = {}): Notifier => {
    running = notifier({
      views: {
        alarms: (query) => store.alarms(query),
        alarm: (id) => store.alarm(id, Number.MAX_SAFE_INTEGER),
        onCommit(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      told: {},
      keep: async (told) => void kept.push(told),
      isQuiet: () => false,
      tell: ({ error }) => failed.push(error),
      retry: { first: 5, last: 20 },
      ...options,
      ...more,
    });
    return running;
  };
  onTestFinished(() => running?.close());
  const put = async (...alarms: Alarm[]): Promise<void> => {
    const { position } = store;
    await store.commit(commit(position, position + 1, { alarms: alarms.map((one) => ({ ...one, offset: position })) }));
    for (const listener of listeners) listener({ position, logTime: 0, latest: [], anomalies: [], alarms });
  };
  return { put, start, kept, failed };
};
const raised = alarm(100, 0);
const next = (state: Alarm['state'], version: number, more: Partial<Alarm> = {}): Alarm => alarm(100, 0, { state, version, ...more });

describe('a webhook', () => {
  it('is signed so that the receiver can check it', async () => {
    const { got, url } = await receiver();
    await webhook({ url, secret, clock: () => 1_700_000_000_500 }).send(raised);
    const [{ headers, body } = { headers: {} as IncomingHttpHeaders, body: '' }] = got;
    expect(headers['webhook-timestamp']).toBe('1700000000');
    const signed = createHmac('sha256', 'a key that only the test knows').update(`${headers['webhook-id']}.1700000000.${body}`).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signed}`);
    expect(JSON.parse(body)).toMatchObject({ type: 'alarm.active', timestamp: '2023-11-14T22:13:20.500Z', data: { id: raised.id } });
  });
});

describe('what is told', () => {
  it('is each state once: not the versions between, nor what is shelved, part of a flood, or over before it was told', async () => {
    const { told, url } = await receiver();
    const { put, start } = await town({ channel: webhook({ url, secret }) });
    start();
    await put(raised);
    await until('the first', 60_000, () => told().length === 1);
    await put(next('active', 1, { anomalies: 2 }));
    await put(
      alarm(200, 0, { flood: true }),
      alarm(300, 0, { shelved: { by: 'C', at: 1, comment: '', until: 9 } }),
      alarm(400, 0, { state: 'normal', version: 1 }),
    );
    await put(next('acknowledged', 2));
    await until('the second', 60_000, () => told().length === 2);
    await put(next('normal', 3));
    await until('the third', 60_000, () => told().length === 3);
    expect(told()).toEqual([`${raised.id} alarm.active`, `${raised.id} alarm.acknowledged`, `${raised.id} alarm.normal`]);
  });

  it('is the last state also where an alarm moves on while it is being told', async () => {
    const sent: string[] = [];
    const gate = Promise.withResolvers<void>();
    const channel = {
      name: 'slow',
      async send({ state, version }: Alarm) {
        if (sent.length === 0) await gate.promise;
        sent.push(`${version} ${state}`);
      },
      close() {},
    };
    const { put, start } = await town({ channel });
    start();
    await put(raised);
    await put(next('normal', 1));
    await put(next('active', 0)); // read before, and late
    gate.resolve();
    await until('the end', 60_000, () => sent.length === 2);
    expect(sent).toEqual(['0 active', '1 normal']);
  });

  it('is its end also where it was shelved meanwhile; a flood hides nothing of high priority', async () => {
    const { told, url } = await receiver();
    const { put, start } = await town({ channel: webhook({ url, secret }) });
    start();
    await put(raised, alarm(800, 0, { priority: 'high', flood: true }));
    await until('both', 60_000, () => told().length === 2);
    const shelved = { by: 'C', at: 1, comment: '', until: 9e15 };
    await put(next('active', 1, { shelved }));
    await put(next('normal', 2, { shelved }));
    await until('the end', 60_000, () => told().length === 3);
    expect(told().at(-1)).toBe(`${raised.id} alarm.normal`);
  });

  it('does not wait for one that the other side refuses', async () => {
    const sent: string[] = [];
    const channel = {
      name: 'choosy',
      async send({ id }: Alarm) {
        if (id === raised.id) throw new Error('no');
        sent.push(id);
      },
      close() {},
    };
    const { put, start } = await town({ channel });
    const running = start();
    await put(raised);
    await put(alarm(900, 0), alarm(901, 0, { priority: 'high' }));
    await until('the others', 60_000, () => sent.length === 2);
    expect(running.waiting()).toBe(1);
  });

  it('waits while the other side is away, and is then the last state', async () => {
    const { told, url, answer } = await receiver();
    answer(503);
    const { put, start, failed } = await town({ channel: webhook({ url, secret }) });
    const running = start();
    await put(raised);
    await until('two failures', 60_000, () => failed.length >= 2);
    expect([failed[0], running.waiting()]).toEqual(['it answered 503', 1]);
    await put(next('acknowledged', 1));
    answer(200);
    await until('the telling', 60_000, () => told().at(-1) === `${raised.id} alarm.acknowledged`);
    await until('nothing to wait', 60_000, () => running.waiting() === 0);
  });

  it('is not told again behind a restart, and what came meanwhile is', async () => {
    const { told, url } = await receiver();
    const { put, start, kept } = await town({ channel: webhook({ url, secret }) });
    const first = start();
    await put(raised, alarm(500, 0));
    await until('both', 60_000, () => kept.length === 2);
    await first.close();
    await put(next('normal', 1), alarm(600, 0));
    start({ told: kept.at(-1) ?? {} });
    await until('what came meanwhile', 60_000, () => told().length === 4);
    expect(told().slice(2).sort()).toEqual([`${raised.id} alarm.normal`, `device/meter-1/jump/600 alarm.active`]);
  });

  it('is at night only what is of high priority', async () => {
    const { told, url } = await receiver();
    const { put, start } = await town({ channel: webhook({ url, secret }), isQuiet: () => true });
    const running = start();
    await put(raised, alarm(700, 0, { priority: 'high' }));
    await until('the weighty one', 60_000, () => running.waiting() === 1);
    expect(told()).toEqual(['device/meter-1/jump/700 alarm.active']);
  });

  it.each([
    ['22:00-07:00', '2026-03-02T21:30:00Z', true],
    ['22:00-07:00', '2026-03-02T06:00:00Z', false],
    ['22:00-07:00', '2026-07-01T05:00:00Z', false],
    ['12:00-13:30', '2026-03-02T12:29:00Z', true],
    ['12:00-13:30', '2026-03-02T12:30:00Z', false],
  ])('%s at %s: quiet is %s', (hours, at, quiet) => expect(isQuietAt(hours, 'Europe/Paris', Date.parse(at))).toBe(quiet));
});

it('a mail says it in two languages, and the next of the same alarm is in its thread', async () => {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _, done) {
      let text = '';
      stream.on('data', (part: Buffer) => (text += part.toString('utf8')));
      stream.on('end', () => {
        mails.push(text);
        done();
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  onTestFinished(() => void server.close());
  const channel = mail({
    url: `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    from: 'octroi@town.example',
    to: 'duty@town.example',
    zone: 'Europe/Paris',
  });
  await channel.send(raised);
  await channel.send(next('acknowledged', 1, { acknowledged: { by: 'Camille', at: 5, comment: 'on my way' } }));
  channel.close();
  const [first = '', second = ''] = mails;
  expect(first).toContain('Saut');
  expect(first).toContain('Jump');
  // Moments in the town's zone, in both languages.
  expect(first).toMatch(/01:00 (=\r?\n)?UTC\+01:00/);
  expect(first).toMatch(/01:00 (=\r?\n)?GMT\+01:00/);
  expect(first).toMatch(/^Subject: =\?UTF-8\?Q\?=5Boctroi=5D_low=3A_device\/meter-1\/jump/m);
  expect(second).toContain('Camille: on my way');
  const id = /^Message-ID: (<[^>]+>)/im.exec(first)?.[1] ?? 'none';
  expect(/^References: (<[^>]+>)/im.exec(second)?.[1]).toBe(id);
});
