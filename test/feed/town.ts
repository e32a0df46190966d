/** The small town with its feed: the real pipeline, the real server, and a broker that keeps what was retained. */
import type { FastifyInstance } from 'fastify';
import type { Town } from '../../core/town.ts';
import { httpApp } from '../../dashboards/http.ts';
import { feed } from '../../feed/feed.ts';
import { end, host, own, say, testTown, types, viewsOver } from '../dashboards/town.ts';
import { type Drive, drive } from '../drive.ts';

export { end, host, own, types };

export interface FeedTown {
  readonly gate: Drive;
  readonly app: FastifyInstance;
  /** What MQTT retains, by topic. */
  readonly retained: ReadonlyMap<string, string>;
  commit(): Promise<void>;
  get(url: string): Promise<{ status: number; headers: Record<string, unknown>; body: string; json<T>(): T }>;
  close(): Promise<void>;
}

const over = async (gate: Drive, { views, commit }: Pick<ReturnType<typeof viewsOver>, 'views' | 'commit'>): Promise<FeedTown> => {
  const retained = new Map<string, string>();
  const publish = async (topic: string, payload: string, retain: boolean): Promise<void> => {
    if (!retain) return;
    if (payload === '') retained.delete(topic);
    else retained.set(topic, payload);
  };
  const clock = (): number => gate.now();
  const app = await httpApp({
    host: '127.0.0.1',
    port: 0,
    logLevel: 'fatal',
    views,
    types,
    clock,
    plugins: [feed({ views, types, broker: { publish, clear: async () => retained.clear() }, clock })],
  });
  return {
    gate,
    app,
    retained,
    commit,
    async get(url) {
      const answer = await app.inject({ url, headers: host });
      return { status: answer.statusCode, headers: answer.headers, body: answer.body, json: <T>() => answer.json<T>() };
    },
    close: () => app.close(),
  };
};

/** Three days and a half of the small town. */
export const feedTown = async (): Promise<FeedTown> => {
  const town = await testTown();
  await town.app.close();
  return over(town.gate, town);
};

/** A town without a past. */
export const freshTown = async (town: Town, at: number): Promise<FeedTown> => {
  const gate = await drive(town, at);
  return over(gate, viewsOver(gate));
};

export { say };
