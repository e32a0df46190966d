/** GET /api/v1/events: commits as server-sent events; id = position, resumable. What is kept for those who come back is left to live.ts. */
import { z } from 'zod';
import { eventText, heartbeatMs, openEventStream } from '../../core/event-stream.ts';
import { fail } from '../../core/failure.ts';
import type { LiveEvent } from '../../core/views.ts';
import type { Directory } from '../directory.ts';
import { eventValuesMax, streamsMax } from '../limits.ts';
import { iso } from '../moment.ts';
import { shownAlarm } from './alarms.ts';
import { shownAnomaly } from './anomalies.ts';
import { shownLatest } from './latest.ts';
import { name, route } from './route.ts';

interface Filter {
  readonly device?: string | undefined;
  readonly quantities: ReadonlySet<string> | null;
}

const message = (directory: Directory, event: LiveEvent, { device, quantities }: Filter): string => {
  const latest = event.latest.filter(
    ({ subject, quantity }) => (device === undefined || subject === device) && (quantities === null || quantities.has(quantity)),
  );
  const data = {
    position: event.position,
    log_time: iso(event.logTime),
    latest: latest.slice(-eventValuesMax).map((one) => shownLatest(directory, one)),
    cut: Math.max(0, latest.length - eventValuesMax),
    anomalies: event.anomalies.filter(({ subject }) => device === undefined || subject === device).map(shownAnomaly),
    alarms: event.alarms.filter(({ subject }) => device === undefined || subject === device).map(shownAlarm),
  };
  return eventText('commit', data, event.position);
};

const lastSeen = (header: string | string[] | undefined, asked: string | undefined): number | null => {
  const text = typeof header === 'string' ? header : asked;
  if (text === undefined) return null;
  if (!/^\d{1,16}$/.test(text)) throw fail('bad-request', 'not an id of this stream', 'last_event_id');
  return Number(text);
};

export const events = route({
  url: '/api/v1/events',
  summary: 'Commits as server-sent events (`commit`); `gap` says that some were missed: ask the other routes again',
  query: z.object({
    device: name.optional(),
    quantity: z.string().max(600).optional().describe('only these quantities, with commas between'),
    last_event_id: z.string().max(20).optional().describe('where the header Last-Event-ID cannot be sent'),
  }),
  answer: null,
  async handle({ live, directory: current, clock }, { query, request, reply }) {
    const directory = await current();
    const filter: Filter = {
      device: query.device === undefined ? undefined : directory.device(query.device).id,
      quantities: query.quantity === undefined ? null : new Set(query.quantity.split(',').map((one) => directory.quantity(one).name)),
    };
    const seen = lastSeen(request.headers['last-event-id'], query.last_event_id);
    if (live.readers() >= streamsMax) throw fail('limit-reached', `${streamsMax} streams are open`);

    const missed = seen === null ? [] : live.since(seen);
    const write = openEventStream(reply);
    write('retry: 2000\n\n');
    if (missed === null) write(eventText('gap', { after: seen, position: live.position() }));
    for (const event of missed ?? []) write(message(directory, event, filter));
    const end = live.listen((event) => write(message(directory, event, filter)));
    const beat = setInterval(() => write(`: ${iso(clock())}\n\n`), heartbeatMs);
    reply.raw.on('close', () => {
      end();
      clearInterval(beat);
    });
  },
});
