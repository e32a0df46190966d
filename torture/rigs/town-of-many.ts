/** The servers of a town of many gates and plants, its settings, and how far its store stands. The roles themselves, and what is done to them, are left to the rows. */
import { influxAccess } from '../../cli/parts/influx.ts';
import { kafkaAccess, topicPlans } from '../../cli/parts/kafka.ts';
import { type Config, resolveConfig } from '../../config.ts';
import type { Scope } from '../../core/scope.ts';
import { setUpTopic } from '../../log/kafka/topics.ts';
import { answeredWithinMs, connect } from '../../stores/influxdb/connection.ts';
import { fluxOf } from '../../stores/influxdb/flux.ts';
import { offsetOf } from '../../stores/influxdb/schema.ts';
import { Unable } from '../row.ts';
import { type Influxd, noInfluxd, startInfluxd } from './influxd.ts';
import { type KafkaServer, noKafka, startKafka } from './kafka-server.ts';

/** @throws Unable where this machine has no InfluxDB */
export const openInfluxd = async (scope: Scope): Promise<Influxd> => {
  if (noInfluxd !== null) throw new Unable(noInfluxd);
  const influxd = await startInfluxd();
  scope.add(() => influxd.close());
  return influxd;
};

/** @throws Unable where this machine has no Kafka */
export const openKafka = async (scope: Scope): Promise<KafkaServer> => {
  const reason = noKafka();
  if (reason !== null) throw new Unable(reason);
  const kafka = await startKafka();
  scope.add(() => kafka.close());
  return kafka;
};

/** The settings of a store in fresh buckets. @param url where octroi reaches it; default the server itself */
export const influxEnvironment = async (influxd: Influxd, url = influxd.url): Promise<Record<string, string>> => {
  const { raw, panes, state } = await influxd.buckets();
  return {
    OCTROI_STORE: 'influxdb',
    OCTROI_INFLUX_URL: url,
    OCTROI_INFLUX_ORG: influxd.org,
    OCTROI_INFLUX_TOKEN: influxd.token,
    OCTROI_INFLUX_RAW_BUCKET: raw,
    OCTROI_INFLUX_PANES_BUCKET: panes,
    OCTROI_INFLUX_STATE_BUCKET: state,
  };
};

/** The settings of a log on one broker, whose topics are made. */
export const kafkaEnvironment = async ({ brokers }: KafkaServer, topic: string, partitions: number): Promise<Record<string, string>> => {
  const env = {
    OCTROI_LOG: 'kafka',
    OCTROI_KAFKA_BROKERS: brokers.join(','),
    OCTROI_KAFKA_TOPIC: topic,
    OCTROI_KAFKA_PARTITIONS: String(partitions),
    OCTROI_KAFKA_REPLICATION: '1',
  };
  const { config } = resolveConfig({ role: 'gate' }, env);
  for (const plan of topicPlans(config)) await setUpTopic(kafkaAccess(config), plan);
  return env;
};

export interface Positions {
  /** How far the store stands, by partition. Rejects where InfluxDB does not answer within seconds. */
  read(): Promise<number[]>;
  close(): void;
}

/** Asks InfluxDB itself for what the plants have recorded. */
export const storedPositions = (config: Config): Positions => {
  const access = influxAccess(config);
  const connection = connect(access);
  const asking = Array.from({ length: config.kafkaPartitions }, (_, partition) => fluxOf(connection, access.buckets, partition, answeredWithinMs));
  return {
    read: () =>
      Promise.all(
        asking.map(async (flux) => {
          const rows = await flux.lastOfEach({ bucket: access.buckets.state, measurement: 'progress' });
          return Math.max(0, ...rows.map(({ nanos }) => offsetOf(nanos)));
        }),
      ),
    close: connection.close,
  };
};
