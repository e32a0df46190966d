/** InfluxDB is away for minutes, with the log in the folder: devices publish on; plant and gate are killed meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import { resolveConfig } from '../../config.ts';
import { dayMs, minuteMs } from '../../core/time.ts';
import { freePort } from '../free-port.ts';
import { Gate, get, metric, plantIsUp, until } from '../gate.ts';
import { promisedOf, startLoad, untilAcknowledged } from '../load.ts';
import { figuresOf, judge } from '../oracle.ts';
import { startProxy } from '../rigs/http-proxy.ts';
import { influxEnvironment, openInfluxd } from '../rigs/town-of-many.ts';
import type { Asked, Found, Row } from '../row.ts';

const ratePerSecond = 100;
const devices = 30;
/** An ordinary acknowledgement does not wait for the store, ms. */
const ackMsP99Max = 1_000;
const caughtUpMsMax = 600_000;
/** What a page of operations is given to say, as a person would wait, ms. */
const pageMs = 10_000;
/** Known-bad: so many of the writes of readings are answered and lost. */
const lostShare = 1 / 3;
/** Envelopes that wait in the log for certain when this much of the time has passed. */
const shareOfLag = 0.5;

/** What `/en/operations` says, without its tags; empty where nobody answers. */
const operations = async (gate: Gate): Promise<string> => (await get(`${gate.http}/en/operations`)).replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

const run = async (asked: Asked): Promise<Found> => {
  const { trials: seconds, scope, chance, bad, busy, say } = asked;
  const data = asked.folder('data');
  const influxd = await openInfluxd(scope);
  const proxy = await startProxy(influxd.url);
  scope.add(() => proxy.close());
  const env: Record<string, string> = { ...(await influxEnvironment(influxd, proxy.url)), OCTROI_LOG_LEVEL: 'error' };
  const gate = Gate.in(scope, { data, mqttPort: await freePort(), httpPort: await freePort(), env });
  await gate.start();
  await plantIsUp(gate);
  const load = startLoad(scope, { port: gate.mqttPort, connections: devices, messages: 10_000_000, ratePerSecond, firstAt: Date.now() - 60 * dayMs, stepMs: minuteMs }); // biome-ignore format: one line
  await untilAcknowledged(ratePerSecond * 5, load, gate);
  const faults: string[] = [];

  say(`InfluxDB goes away for ${seconds} s`);
  const from = performance.now();
  const restMs = (share: number): number => Math.max(0, from + share * seconds * 1_000 - performance.now());
  await influxd.kill();
  const before = load.acknowledged();
  await delay(restMs(0.3));
  const lag = (await metric(gate, 'octroi_lag_envelopes')) ?? 0;
  const expected = Math.round((load.acknowledged() - before) * shareOfLag);
  if (lag < expected) faults.push(`the metrics say that ${lag} envelopes wait, ${expected} do for certain`);
  const began = performance.now();
  const said = await operations(gate);
  const answeredMs = Math.round(performance.now() - began);
  if (!/InfluxDB|behind|late|wait/i.test(said)) faults.push(`the page of operations does not say that figures are late: ${said.slice(0, 300)}`);
  if (!busy && answeredMs > pageMs) faults.push(`the page of operations took ${answeredMs} ms`);
  say(`lag ${lag}; killing the plant`);
  await delay(restMs(0.4 + chance() * 0.1));
  gate.killPlant();
  await delay(restMs(0.6 + chance() * 0.1));
  say('killing the gate with its plant');
  await gate.kill();
  await gate.start();
  await delay(restMs(0.95));
  // A gate is never in the way of devices while its store is away.
  await untilAcknowledged(ratePerSecond, load, gate);
  await delay(restMs(1));
  const held = load.acknowledged() - before;
  const awayMs = Math.round(performance.now() - from);
  const raw = env.OCTROI_INFLUX_RAW_BUCKET;
  if (bad) proxy.decide = ({ path, bucket }) => (path === '/api/v2/write' && bucket === raw && chance() < lostShare ? { status: 204, body: '' } : 'pass');
  await influxd.start();
  say(`InfluxDB is back; ${held} messages were acknowledged meanwhile`);
  const backAt = performance.now();
  await until('the plant has caught up', caughtUpMsMax, async () => {
    await delay(250);
    const left = await metric(gate, 'octroi_lag_envelopes');
    return left !== null && left < 2 * ratePerSecond;
  });
  const caughtUpMs = Math.round(performance.now() - backAt);
  load.stop();
  const result = await load.result;
  await delay(3_000); // ticks, at which what came behind is identified
  const code = await gate.stop();
  if (code !== 0) faults.push(`the gate ended with ${code}`);
  if (!busy && result.latencyMsP99 > ackMsP99Max) faults.push(`acknowledgements waited: p99 ${Math.round(result.latencyMsP99)} ms`);
  const { config } = resolveConfig({ data }, env);
  const judged = await judge(data, { promised: promisedOf(load.options, result) }, config);
  return {
    faults: [...faults, ...judged.faults],
    figures: { awayMs, lag, acknowledgedMeanwhile: held, ackMsP99: Math.round(result.latencyMsP99), caughtUpMs, ...figuresOf(judged) },
  };
};

export const influxAway: Row = {
  name: 'influx-away',
  what: 'InfluxDB is killed and stays away for so many seconds (a trial is a second: full is 600), with the log in the folder; the plant is killed meanwhile, then the gate with its plant',
  promise: 'devices are acknowledged as ever, the lag is shown, then all is stored: nothing acknowledged is lost, none is counted twice, every pane equals its recomputation', // biome-ignore format: one line
  control: 'InfluxDB says yes to a third of the writes of readings once it is back, and has none of them',
  trials: { quick: 60, full: 600 },
  controlTrials: 10,
  run,
};
