/** GET /metrics: the books and the state for Prometheus. Names: octroi_<noun>_<unit>_total. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { GateReport, Status } from '../../core/views.ts';
import { deadLetterCodesMax, doorLimitsMax } from '../limits.ts';
import type { Context } from './route.ts';
import { route } from './route.ts';

/** What is counted in the store. */
const observeStore = async ({ views }: Context, registry: Registry): Promise<void> => {
  const registers = [registry];
  const count = (name: string, help: string, value: number): void => new Counter({ name, help, registers }).inc(value);
  const level = (name: string, help: string, value: number): void => new Gauge({ name, help, registers }).set(value);
  const [ledger, letters, silent] = await Promise.all([views.ledger(), views.deadLetterCounts(), views.silent()]);

  const envelopes = new Counter({ name: 'octroi_envelopes_total', help: 'Envelopes of the log by what became of them', labelNames: ['fate'], registers });
  for (const fate of ['appended', 'processed', 'corrupt'] as const) envelopes.inc({ fate }, ledger.envelopes[fate]);
  const readings = new Counter({ name: 'octroi_readings_total', help: 'Readings by what became of them', labelNames: ['fate'], registers });
  const { accepted, stored, duplicate, corrected, deadLetter, waiting } = ledger.readings;
  for (const [fate, value] of Object.entries({ accepted, stored, duplicate, corrected, dead_letter: deadLetter })) readings.inc({ fate }, value);
  const open = new Gauge({ name: 'octroi_dead_letters', help: 'Open dead letters by code', labelNames: ['code'], registers });
  const codes = new Map<string, number>();
  for (const { code, count: many } of letters) codes.set(code, (codes.get(code) ?? 0) + many);
  for (const [code, many] of [...codes].slice(0, deadLetterCodesMax)) open.set({ code }, many);

  count('octroi_qos0_dropped_total', 'QoS 0 messages dropped because the gate could not keep up', ledger.qos0Dropped);
  count('octroi_readings_unidentified_total', 'Readings without a stamp that nothing tells from a repetition', ledger.unidentified);
  level('octroi_readings_waiting', 'Readings behind the watermark that wait for the next tick', waiting);
  level('octroi_envelopes_pending', 'Envelopes in the log that are not processed yet', ledger.envelopes.pending);
  level('octroi_devices_silent', 'Devices that are judged silent', silent.length);
};

/** How the plant fares. */
const observePlant = (status: Status, { live, readers, clock }: Context, registry: Registry): void => {
  const registers = [registry];
  const count = (name: string, help: string, value: number): void => new Counter({ name, help, registers }).inc(value);
  const level = (name: string, help: string, value: number): void => new Gauge({ name, help, registers }).set(value);
  level('octroi_lag_envelopes', 'Durable end of the log less the position of the store', status.logEnd - status.position);
  level('octroi_lag_seconds', 'Age of the last envelope committed', status.logTime === 0 ? 0 : Math.max(0, (clock() - status.logTime) / 1000));
  level('octroi_envelopes_per_second', 'Envelopes processed, over the last ten seconds', status.envelopesPerSecond);
  level('octroi_readings_per_second', 'Readings processed, over the last ten seconds', status.readingsPerSecond);
  level('octroi_store_bytes', 'Size of the store', status.storeBytes);
  level('octroi_streams_open', 'Open event streams', live.readers());
  level('octroi_readers_waiting_bytes', 'Bytes of answers and streams that readers have not taken', readers.waitingBytes());
  count('octroi_readers_cut_total', 'Connections cut because they were not read', readers.cut());
  level('octroi_log_writable', '1 while the gate can write its log', status.trouble === null ? 1 : 0);
  level('octroi_start_time_seconds', 'When the plant started, epoch seconds', status.startedAt / 1000);
  level('octroi_store_writable', '1 while the store takes what comes', status.waiting === null ? 1 : 0);
  level('octroi_rows_uncommitted', 'Rows that are processed and not yet committed', status.uncommittedRows);
  level('octroi_plant_up', '1 while the plant runs', 1);
  level('octroi_plant_thread_silent_seconds', "How long the plant's thread has not answered; 0 while it does", status.silentMs / 1000);
  if (status.gate !== null) {
    level('octroi_acknowledgements_held', 'Acknowledgements held at the last tick', status.gate.held);
    level('octroi_connections', 'MQTT connections at the last tick', status.gate.connections);
    if (status.gate.diskFreeBytes >= 0) level('octroi_disk_free_bytes', 'Bytes free on the disk of the log', status.gate.diskFreeBytes);
  }
};

/** What the gate says of its queues and limits. */
const observeGate = ({ log, door, plant, troubleSince }: GateReport, now: number, registry: Registry): void => {
  const registers = [registry];
  const level = (name: string, help: string, value: number): void => new Gauge({ name, help, registers }).set(value);
  level('octroi_log_held_envelopes', 'Envelopes appended and not yet durable', log.envelopes);
  level('octroi_log_held_bytes', 'Bytes appended and not yet durable', log.bytes);
  level('octroi_log_held_seconds', 'How long the log could not be written', troubleSince === null ? 0 : Math.max(0, (now - troubleSince) / 1000));
  const lives = { starts: 'Starts of the plant since the gate opened', hangs: 'How often the plant was ended because it no longer answered' };
  new Counter({ name: 'octroi_plant_starts_total', help: lives.starts, registers }).inc(plant.starts);
  new Counter({ name: 'octroi_plant_hangs_total', help: lives.hangs, registers }).inc(plant.hangs);
  if (door === null) return;
  level('octroi_door_held_bytes', 'Bytes of messages in the hands of the log', door.heldBytes);
  level('octroi_door_waiting_bytes', 'Bytes of messages that wait because the log has its hands full', door.waitingBytes);
  level('octroi_door_gathered_bytes', 'Bytes of packets that have not wholly come', door.gatheredBytes);
  level('octroi_strangers', 'Connections without a declared name', door.strangers);
  const counts = { messages: 'Messages handed to the log', forwards_dropped: 'Public messages that a slow subscriber missed' };
  new Counter({ name: 'octroi_door_messages_total', help: counts.messages, registers }).inc(door.messages);
  new Counter({ name: 'octroi_forwards_dropped_total', help: counts.forwards_dropped, registers }).inc(door.forwardsDropped);
  const limits = new Counter({ name: 'octroi_door_limits_total', help: 'How often a limit of the door was reached', labelNames: ['limit'], registers });
  for (const [limit, count] of Object.entries({ ...door.refused, ...door.slowed }).slice(0, doorLimitsMax)) limits.inc({ limit }, count);
};

export const metrics = route({
  url: '/metrics',
  summary: 'Prometheus metrics',
  answer: null,
  async handle(context, { reply }) {
    const registry = new Registry();
    const status = await context.views.status();
    observePlant(status, context, registry);
    if (status.report !== null) observeGate(status.report, context.clock(), registry);
    if (status.silentMs === 0) await observeStore(context, registry);
    return reply.type(registry.contentType).send(await registry.metrics());
  },
});
