/** What comes next may be foreseen: that changes nothing, and is done a few envelopes ahead. */
import { expect, test } from 'vitest';
import { memoryReader } from '../../log/memory.ts';
import { foreseenMax } from '../../processors/foresee.ts';
import { run } from '../../processors/run.ts';
import { memoryStore } from '../../stores/memory.ts';
import { drive, townOf } from '../drive.ts';

const now = Date.parse('2026-03-02T08:00:00Z');

test('what is foreseen is as it was, devices that nobody knows yet among it', async () => {
  const gate = await drive(townOf([]), now);
  for (let n = 0; n < 200; n++) gate.send(`room-${n % 20}`, { ts: now + n * 60_000, values: { temperature: 20 + (n % 7) } }, { logTime: now + n * 60_000 });
  const known = gate.log.length;
  await gate.process();
  for (let n = 15; n < 30; n++) gate.send(`room-${n}`, { ts: gate.now() + 60_000, values: { temperature: 20, humidity: 50 } });
  gate.tick(gate.now() + 1_000);
  const before = gate.pipeline.snapshot(true);
  gate.pipeline.foresee?.(gate.log.slice(known), 0);
  expect(gate.pipeline.snapshot(true)).toEqual(before);
  expect(before.length).toBeGreaterThan(20);
});

test('each envelope is foreseen once, before it is processed', async () => {
  const gate = await drive(townOf([]), now);
  const messages = 3 * foreseenMax + 5;
  for (let n = 0; n < messages; n++) gate.send('room', { ts: now + n, values: { temperature: 20 } });
  const { pipeline } = gate;
  const places: number[] = [];
  const foresee: typeof pipeline.foresee = (envelopes, from) => {
    expect(envelopes[from]?.offset).toBe(pipeline.end());
    places.push(from);
  };
  const running = await run({ ...pipeline, foresee }, memoryReader(gate.log), memoryStore());
  await running.to(gate.log.length);
  expect(places).toEqual(Array.from({ length: Math.ceil(gate.log.length / foreseenMax) }, (_, n) => n * foreseenMax));
});
