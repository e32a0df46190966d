import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiRoutes } from '../../dashboards/api/registry.ts';
import { httpServer } from '../../dashboards/http.ts';
import { drive } from '../drive.ts';
import { host, own, say, smallTown, start, types, viewsOver } from './town.ts';

let app: Awaited<ReturnType<typeof httpServer>>['app'];
let server: Awaited<ReturnType<typeof httpServer>>;
let options: Parameters<typeof httpServer>[0];
beforeAll(async () => {
  const gate = await drive(smallTown, start);
  say(gate, 'mairie-elec', { ts: start, values: { active_energy_import: 1, active_power: 10 } });
  const { views, commit } = viewsOver(gate);
  options = { host: '127.0.0.1', port: 0, logLevel: 'fatal', views, types, clock: () => gate.now(), limits: { headerMsMax: 300 } };
  server = await httpServer(options);
  app = server.app;
  await commit();
});
afterAll(() => server.close());

const power = 'device=mairie-elec&quantity=active_power';

describe('every bad question gets a problem that names what is wrong', () => {
  test.each([
    ['/api/v1/readings', 400, 'bad-request', 'device'],
    ['/api/v1/readings?device=mairie-elec', 400, 'bad-request', 'quantity'],
    ['/api/v1/readings?device=nobody&quantity=active_power', 404, 'not-found', 'device'],
    ['/api/v1/readings?device=mairie-elec&quantity=colour', 400, 'bad-request', 'quantity'],
    [`/api/v1/readings?${power}&limit=0`, 400, 'bad-request', 'limit'],
    [`/api/v1/readings?${power}&limit=10001`, 400, 'bad-request', 'limit'],
    [`/api/v1/readings?${power}&limit=many`, 400, 'bad-request', 'limit'],
    [`/api/v1/readings?${power}&from=yesterday`, 400, 'bad-request', 'from'],
    [`/api/v1/readings?${power}&from=2026-02-31`, 400, 'bad-request', 'from'],
    [`/api/v1/readings?${power}&from=1812-01-01`, 400, 'bad-request', 'from'],
    [`/api/v1/readings?${power}&from=2026-03-29T10:00:00`, 400, 'bad-request', 'from'],
    [`/api/v1/readings?${power}&from=2026-03-30&to=2026-03-29`, 400, 'bad-request', 'from'],
    [`/api/v1/readings?${power}&to=never`, 400, 'bad-request', 'to'],
    [`/api/v1/readings?${power}&after=x`, 400, 'bad-request', 'after'],
    ['/api/v1/readings?device=a&device=b&quantity=active_power', 400, 'bad-request', 'device'],
    [`/api/v1/panes?${power}`, 400, 'bad-request', 'window'],
    [`/api/v1/panes?${power}&window=PT2M`, 400, 'bad-request', 'window'],
    [`/api/v1/panes?${power}&window=PT1M`, 400, 'bad-request', 'window'],
    [`/api/v1/panes?${power}&window=P`, 400, 'bad-request', 'window'],
    [`/api/v1/panes?${power}&window=PT15M&from=2001-01-01`, 400, 'too-wide', 'from'],
    [`/api/v1/panes?${power}&site=mairie&window=PT15M`, 400, 'bad-request', 'device'],
    ['/api/v1/panes?quantity=active_power&window=PT15M', 400, 'bad-request', 'device'],
    ['/api/v1/panes?site=nowhere&quantity=active_power&window=PT15M', 404, 'not-found', 'site'],
    ['/api/v1/panes?site=mairie&quantity=voltage_l1&window=PT15M', 400, 'bad-request', 'quantity'],
    ['/api/v1/latest?device=nobody', 404, 'not-found', 'device'],
    ['/api/v1/devices?site=nowhere', 404, 'not-found', 'site'],
    ['/api/v1/anomalies?device=nobody', 404, 'not-found', 'device'],
    ['/api/v1/dead-letters?code=nix', 400, 'bad-request', 'code'],
    [`/api/v1/explain?${power}&window=PT1H&at=soon`, 400, 'bad-request', 'at'],
    ['/api/v1/explain?device=mairie-gas&quantity=gas_volume&window=PT1H&at=2026-03-29', 404, 'not-found', 'quantity'],
    ['/api/v1/events?quantity=colour', 400, 'bad-request', 'quantity'],
    ['/api/v1/events?last_event_id=x', 400, 'bad-request', 'last_event_id'],
    [`/api/v1/readings?${power}&form=2026-03-29`, 400, 'bad-request', 'form'],
    ['/api/v1/openapi.json?version=2', 400, 'bad-request', 'version'],
    ['/api/v1/nothing', 404, 'not-found', undefined],
  ])('%s', async (url, status, code, field) => {
    const answer = await app.inject({ url, headers: host });
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ status, code, title: expect.any(String), detail: expect.any(String), type: `urn:octroi:failure:${code}` });
    expect([answer.statusCode, answer.json<{ field?: string }>().field]).toEqual([status, field]);
  });

  test.each(apiRoutes.map(({ method, url }) => [method, url] as const))('a parameter that %s %s does not know', async (method, url) => {
    const body = url.includes('alarms') ? { do: 'acknowledge', alarm: 'device/none/stuck/1', by: 'C' } : { subject: 'new', type: 'generic' };
    const payload = method === 'POST' ? { payload: body } : {};
    const answer = await app.inject({ method, url: `${url}?colour=red`, headers: own, ...payload });
    expect(answer.json()).toMatchObject({
      status: 400,
      code: 'bad-request',
      field: 'colour',
      detail: expect.stringMatching(/^there is no parameter "colour" here(; there (is|are) [\w, ]+)?$/),
    });
  });

  test.each([
    ['POST', '/api/v1/devices/adopt', { device: 'new', type: 'generic' }, 'there is no parameter "device" here; there are subject, type, site'],
    ['GET', '/api/v1/latest?subject=new', undefined, expect.stringMatching(/^there is no parameter "subject" here; there (is|are) .*device/)],
  ] as const)('an error for a parameter that %s %s does not know lists those that there are', async (method, url, payload, detail) => {
    const answer = await app.inject({ method, url, headers: own, ...(payload === undefined ? {} : { payload }) });
    expect(answer.json()).toMatchObject({ status: 400, code: 'bad-request', detail });
  });

  test.each([
    [{ subject: 'x y', type: 'generic' }, 'subject'],
    [{ subject: 'mairie-elec', type: 'generic' }, 'subject'],
    [{ subject: 'new', type: 'toaster' }, 'type'],
    [{ subject: 'new', type: 'generic', site: 'nowhere' }, 'site'],
    [{ type: 'generic' }, 'subject'],
    [{ subject: 3, type: 'generic' }, 'subject'],
    [{ subject: 'new', type: 'generic', colour: 'red' }, 'colour'],
  ])('adopting %j', async (payload, field) => {
    const answer = await app.inject({ method: 'POST', url: '/api/v1/devices/adopt', headers: own, payload });
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.statusCode).toBeLessThan(500);
    expect(answer.json()).toMatchObject({ field });
  });

  test.each([
    ['not JSON', '{"subject":', 'application/json', 400],
    ['too large', JSON.stringify({ subject: 'x'.repeat(70_000), type: 'generic' }), 'application/json', 413],
    ['of another kind', '<x/>', 'text/xml', 415],
    ['null', 'null', 'application/json', 400],
  ])('a body that is %s', async (_, payload, type, status) => {
    const answer = await app.inject({ method: 'POST', url: '/api/v1/devices/adopt', headers: { ...own, 'content-type': type }, payload });
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ status, detail: expect.any(String) });
  });
});

describe('what no route takes is answered with a problem too', () => {
  test.each([
    ['GET', '/api/v1/%zz', '', 400],
    ['GET', '/fr/sites/%E0%A4%A', '', 400],
    ['GET', `/assets/${'x'.repeat(200)}`, '', 414],
    ['GET', '/nowhere', '', 404],
    ['DELETE', '/api/v1/ledger', '', 405],
    ['GET', '/api/v1/devices/adopt', '', 405],
    ['DELETE', '/api/v1/nothing', '', 404],
    ['POST', '/nowhere', 'application/json', 413],
    ['POST', '/fr/operations/adopt', 'text/xml', 415],
  ] as const)('%s %s %s', async (method, url, type, status) => {
    const headers = type === '' ? own : { ...own, 'content-type': type };
    const payload = status === 413 ? JSON.stringify('x'.repeat(70_000)) : type === '' ? undefined : '<x/>';
    const answer = await app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([status, 'application/problem+json']);
    expect(answer.json()).toMatchObject({
      status,
      type: expect.stringMatching(/^urn:octroi:failure:/),
      detail: expect.any(String),
      remedy: expect.any(String),
    });
  });
});

test('another method is told those that there are', async () => {
  const answer = await app.inject({ method: 'PUT', url: '/api/v1/ledger?x=1', headers: own });
  expect([answer.headers.allow, answer.json<{ detail: string }>().detail]).toEqual(['GET, HEAD', '/api/v1/ledger takes GET and HEAD, not PUT']);
});

/** What the server answers to bytes that it may not be able to read. */
const answerTo = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(server.url);
    const socket = connect({ port: Number(port), host: '127.0.0.1' }, () => socket.write(bytes));
    let said = '';
    socket.on('data', (chunk) => (said += chunk)).on('close', () => resolve(said));
    socket.on('error', reject);
  });

describe('what Node itself refuses is a problem too', () => {
  test.each([
    ['headers that are too long', `GET /api/v1/devices HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['no HTTP', 'what is this\r\n\r\n', 400],
    ['a method that there is not', 'FETCH /api/v1/devices HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 400],
    ['a request that does not end', 'GET /api/v1/devices HTTP/1.1\r\nHost:', 408],
    ['no host', 'GET /api/v1/devices HTTP/1.1\r\nConnection: close\r\n\r\n', 403],
  ])('%s', async (_, bytes, status) => {
    const [head = '', body = ''] = (await answerTo(bytes)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toMatch(/^content-type: application\/problem\+json/im);
    expect(JSON.parse(body)).toMatchObject({
      status,
      type: expect.stringMatching(/^urn:octroi:failure:/),
      title: expect.any(String),
      remedy: expect.any(String),
    });
  });
});

describe('who may ask', () => {
  const adopt = { method: 'POST' as const, url: '/api/v1/devices/adopt', payload: { subject: 'new', type: 'generic' } };
  test.each([
    ['another site', { ...host, origin: 'http://evil.example' }],
    ['no origin', { ...host }],
    ['a sandboxed frame', { ...host, origin: 'null' }],
    ['another port of this machine', { ...host, origin: 'http://127.0.0.1:9999' }],
  ])('a change from %s is refused', async (_, headers) => {
    const answer = await app.inject({ ...adopt, headers });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([403, 'forbidden']);
  });

  test.each(['evil.example', '127.0.0.1.evil.example', 'evil.example:8080', '127.0.0.1@evil.example', '0x7f.1'])(
    'the Host "%s" is refused: DNS rebinding',
    async (name) => {
      const answer = await app.inject({ url: '/api/v1/devices', headers: { host: name } });
      expect(answer.json()).toMatchObject({ status: 403, code: 'forbidden', field: 'host' });
    },
  );

  test.each(['127.0.0.1:1', 'localhost', 'LOCALHOST:80', '[::1]:8080'])('the Host "%s" is this machine', async (name) => {
    expect((await app.inject({ url: '/health/live', headers: { host: name } })).statusCode).toBe(200);
  });

  test('a URL that is too long', async () => {
    const answer = await app.inject({ url: `/api/v1/devices?site=${'x'.repeat(5_000)}`, headers: host });
    expect(answer.json()).toMatchObject({ status: 414, code: 'bad-request' });
  });

  test('nothing inline may run, and nothing of another host', async () => {
    const { headers } = await app.inject({ url: '/health/live', headers: host });
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
  });

  test('a port that is taken says so', async () => {
    const port = Number(new URL(server.url).port);
    await expect(httpServer({ ...options, port })).rejects.toMatchObject({ failure: { code: 'port-taken' } });
  });
});
