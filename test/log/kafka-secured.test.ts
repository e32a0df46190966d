/** A real Kafka behind TLS and SASL, with a certificate of its own authority: who may enter writes and reads, who may not is told why in one line. About 30 s. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../torture/free-port.ts';
import { type KafkaServer, noKafka, startKafka } from '../../torture/rigs/kafka-server.ts';
import { folder, octroi, started, until } from '../e2e/running.ts';
import { withReason } from '../reason.ts';

const reason = noKafka() ?? (spawnSync('openssl', ['version']).status === 0 ? null : 'openssl is not here');

const must = (command: string, args: readonly string[], cwd: string): void => {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
};

/** An authority (`ca.pem`), and what the server shows of it (`server.pem`: key and certificate), for two days. */
const certificates = (home: string): void => {
  const make = (...args: string[]): void => must('openssl', args, home);
  writeFileSync(join(home, 'san.cnf'), 'subjectAltName=IP:127.0.0.1\n');
  make('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=authority of this test');
  make('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=127.0.0.1');
  make('x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'server.crt', '-days', '2', '-extfile', 'san.cnf');
  writeFileSync(join(home, 'server.pem'), readFileSync(join(home, 'server.key'), 'utf8') + readFileSync(join(home, 'server.crt'), 'utf8'), { mode: 0o600 });
};

describe.skipIf(reason !== null)(withReason('Kafka behind TLS and SASL', reason), () => {
  let home: string;
  let server: KafkaServer;
  let port: number;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'octroi-tls-'));
    certificates(home);
    port = await freePort();
    const settings = {
      'listener.name.secure.ssl.keystore.type': 'PEM',
      'listener.name.secure.ssl.keystore.location': join(home, 'server.pem'),
      'listener.name.secure.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'listener.name.secure.plain.sasl.jaas.config': 'org.apache.kafka.common.security.plain.PlainLoginModule required user_gate="swordfish";',
      'listener.name.secure.scram-sha-256.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      'listener.name.secure.scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    };
    server = await startKafka('4.1.1', {
      listener: { port, protocol: 'SASL_SSL', settings },
      format(data, properties, classPath) {
        rmSync(data, { recursive: true });
        const users = ['256', '512'].flatMap((bits) => ['--add-scram', `SCRAM-SHA-${bits}=[name=gate,password=swordfish]`]);
        must('java', ['-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qk', '-c', properties, ...users], home);
      },
    });
  }, 180_000);
  afterAll(async () => {
    await server?.close();
    rmSync(home, { recursive: true, force: true });
  });

  const environment = (mechanism: string, more: Record<string, string> = {}): Record<string, string> => ({
    OCTROI_LOG: 'kafka',
    OCTROI_KAFKA_BROKERS: `127.0.0.1:${port}`,
    OCTROI_KAFKA_TOPIC: `behind-${mechanism}`,
    OCTROI_KAFKA_REPLICATION: '1',
    OCTROI_KAFKA_TLS: 'true',
    OCTROI_KAFKA_TLS_CA: join(home, 'ca.pem'),
    OCTROI_KAFKA_SASL: mechanism,
    OCTROI_KAFKA_USER: 'gate',
    OCTROI_KAFKA_PASSWORD: 'swordfish',
    ...more,
  });

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'])('with %s a reading is acknowledged, stored and shown', async (mechanism) => {
    const env = environment(mechanism, { OCTROI_COMMIT_MS: '100' });
    expect(await octroi(['kafka', 'setup'], env)).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^made /) });
    const gate = await started(folder(), env);
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gate.mqttPort}`);
    await client.publishAsync('city/v1/a/meter/telemetry', JSON.stringify({ ts: Date.now(), values: { temperature: 21.5 } }), { qos: 1 });
    await client.endAsync();
    await until('the reading', async () => (await (await fetch(`${gate.http}/api/v1/ledger`)).text()).includes('"stored":1,'));
    expect((await gate.stop()).code).toBe(0);
  });

  const wrong: [what: string, more: Record<string, string>, said: RegExp][] = [
    ['the wrong password', { OCTROI_KAFKA_PASSWORD: 'marlin' }, /^octroi: log-denied: [^\n]*Correct OCTROI_KAFKA_USER and OCTROI_KAFKA_PASSWORD[^\n]*\n$/],
    ['nobody’s name', { OCTROI_KAFKA_USER: 'nobody' }, /^octroi: log-denied: [^\n]*\n$/],
    [
      'an authority that is not known',
      { OCTROI_KAFKA_TLS_CA: '' },
      /^octroi: log-unreachable: its certificate is not trusted: [^\n]*OCTROI_KAFKA_TLS_CA[^\n]*\n$/,
    ],
    ['no TLS', { OCTROI_KAFKA_TLS: 'false', OCTROI_KAFKA_TLS_CA: '' }, /^octroi: log-unreachable: [^\n]*\n$/],
  ];
  test.each(wrong)('%s is told in one line, without the password', async (_, more, said) => {
    for (const mechanism of ['plain', 'scram-sha-512']) {
      const { code, out, err } = await octroi(['kafka', 'setup'], environment(mechanism, more));
      expect([code, out, err]).toEqual([1, '', expect.stringMatching(said)]);
      expect(err).not.toMatch(/swordfish|marlin/);
    }
  });
});
