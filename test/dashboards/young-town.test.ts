/** What pages say of a town in its first minutes: little is known, and it is said once. */
import type { FastifyInstance } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { minuteMs } from '../../core/time.ts';
import { type Town, townSchema } from '../../core/town.ts';
import { httpApp } from '../../dashboards/http.ts';
import { type Drive, drive } from '../drive.ts';
import { host, say, types, viewsOver } from './town.ts';

/** 10:00 in Paris. */
const start = Date.parse('2026-03-02T09:00:00Z');
const townWith = (...devices: { id: string; type: string }[]): Town =>
  townSchema.parse({
    name: 'Young',
    zone: 'Europe/Paris',
    sites: [{ id: 'hall', name: 'Hall', owner: 'public' }],
    devices: devices.map((one) => ({ ...one, site: 'hall' })),
  });

const opened = async (town: Town, speak: (gate: Drive) => void = () => {}): Promise<FastifyInstance> => {
  const gate = await drive(town, start);
  speak(gate);
  const { views, commit } = viewsOver(gate);
  await commit();
  const app = await httpApp({ host: '127.0.0.1', port: 0, logLevel: 'fatal', views, types, clock: () => gate.now() });
  onTestFinished(() => app.close());
  return app;
};
const said = async (app: FastifyInstance, url: string): Promise<string> =>
  (await app.inject({ url, headers: host })).body
    .replace(/<(script|style)[^>]*>.*?<\/\1>/gs, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/[\s\u00a0\u202f]+/g, ' ');

test('what nothing is known of has no data, once; a town without a roof has no tile for one', async () => {
  const roof = await said(await opened(townWith({ id: 'pv', type: 'pv-inverter' })), '/en/');
  expect(roof).toContain('Solar production no data – right now · none of 1 inverter answers');
  expect(roof).toContain('Energy no data coverage 0%');
  expect(await said(await opened(townWith({ id: 'room', type: 'room-sensor' })), '/en/')).not.toContain('Solar production');
});

test('what follows the newest reading is no gap while it is relied on: the next one decides', async () => {
  const at = (minutes: number): string => new Date(start + minutes * minuteMs).toISOString();
  const url = `explain?device=room&quantity=temperature&window=PT1H&at=${at(0)}`;
  const speaking = (gate: Drive): void => {
    gate.at(start + 20 * minuteMs);
    say(gate, 'room', { ts: start + 20 * minuteMs, values: { temperature: 20 } });
    gate.tick(start + 22 * minuteMs, minuteMs);
  };
  const app = await opened(townWith({ id: 'room', type: 'room-sensor' }), speaking);
  const { gaps } = (await app.inject({ url: `/api/v1/${url}`, headers: host })).json<{ gaps: unknown }>();
  expect(gaps).toEqual([
    { from: at(0), to: at(20), open: false },
    { from: at(20), to: at(22), open: true },
  ]);
  expect(await said(app, `/en/${url}`)).toMatch(/\(20 minutes\) From 2 Mar, 10:20 to 2 Mar, 10:22 \(2 minutes\) not known yet: the next reading decides/);
  expect(await said(app, `/fr/${url}`)).toContain('pas encore connu : la prochaine mesure le dira');
  const late = await opened(townWith({ id: 'room', type: 'room-sensor' }), (gate) => {
    speaking(gate);
    gate.tick(start + 66 * minuteMs, minuteMs);
  });
  expect(await said(late, `/en/${url}`)).not.toContain('not known yet');
});
