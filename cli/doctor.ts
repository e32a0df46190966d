/** `octroi doctor`: whether this machine can run octroi, and what stands in the way. */
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { reachControl } from './control.ts';
import { freeBytes, requirePort, requireWritable } from './gate/preflight.ts';
import { configOf, dataCommand, print } from './options.ts';
import { checkInflux } from './parts/influx.ts';
import { checkKafka } from './parts/kafka.ts';

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
}

const diskFreeMin = 1024 ** 3;

const portFinding = (name: string, host: string, port: number): Promise<Finding> =>
  requirePort(name, host, port).then(
    () => ({ what: `${name} port`, ok: true, found: `${host}:${port} is free` }),
    (error: Error) => ({ what: `${name} port`, ok: false, found: error.message }),
  );

const dataFindings = async ({ data }: Config): Promise<Finding[]> => {
  try {
    await requireWritable(data);
    const free = await freeBytes(data);
    return [
      { what: 'data folder', ok: true, found: `${data} can be written` },
      { what: 'disk', ok: free >= diskFreeMin, found: `${Math.round(free / 1024 ** 2)} MB free` },
    ];
  } catch (error) {
    return [{ what: 'data folder', ok: false, found: (error as Error).message }];
  }
};

const influxFinding = (config: Config): Promise<Finding> =>
  checkInflux(config).then(
    () => ({ what: 'InfluxDB', ok: true, found: `${config.influxUrl} has the buckets` }),
    (error: Error) => ({ what: 'InfluxDB', ok: false, found: error.message }),
  );

const kafkaFinding = (config: Config): Promise<Finding> =>
  checkKafka(config).then(
    () => ({ what: 'Kafka', ok: true, found: `${config.kafkaBrokers} has the topic ${config.kafkaTopic}` }),
    (error: Error) => ({ what: 'Kafka', ok: false, found: error.message }),
  );

export const doctorCommand = (): Command =>
  dataCommand('doctor', 'say whether octroi can run here').action(async ({ json, ...options }) => {
    const config = configOf(options);
    const running = await reachControl(config.data);
    running?.close();
    const findings: Finding[] = [
      { what: 'Node', ok: Number(process.versions.node.split('.')[0]) >= 24, found: process.version },
      ...(await dataFindings(config)),
    ];
    if (config.store === 'influxdb') findings.push(await influxFinding(config));
    if (config.log === 'kafka') findings.push(await kafkaFinding(config));
    if (running !== null) findings.push({ what: 'gate', ok: true, found: 'running on this folder' });
    else findings.push(await portFinding('MQTT', config.mqttHost, config.mqttPort), await portFinding('HTTP', config.httpHost, config.httpPort));
    const ok = findings.every((finding) => finding.ok);
    print(json, { ok, findings }, () => findings.map((finding) => `${finding.ok ? 'ok  ' : 'FAIL'} ${finding.what}: ${finding.found}`).join('\n'));
    if (!ok) process.exitCode = 1;
  });
