/** Every setting of octroi: one schema; unit in the name, default, meaning. Values come from the defaults, the environment, then the command line. */
import { z } from 'zod';
import { fail } from './core/failure.ts';
import { monthClosesAfterDaysDefault } from './core/month.ts';
import { quietHoursPattern } from './notify/quiet-hours.ts';
import { memoryLimitMbDefault, threadsDefault } from './stores/duckdb/limits.ts';

const whole = (min: number, max: number): z.ZodType<number, unknown> => {
  const error = `a whole number from ${min} to ${max} is expected`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error }) as z.ZodType<number, unknown>;
};
const text = z.string().min(1, { error: 'a text that is not empty is expected' });
const port = whole(0, 65_535);
const flag = z.union([z.boolean(), z.stringbool()], { error: 'true or false is expected' });

/** Of servers whose user has settings of its own: an address is printed, and stands among the arguments of processes. @param elsewhere where the user belongs */
const withoutUser = (elsewhere: string) => text.refine((value) => !value.includes('@'), { error: `an address without a user is expected: ${elsewhere}` });

/** Asked of the parser: it reads `http:////user@host` as it reads `http://user@host`. */
const namesUser = (url: string): boolean => {
  const { username = '', password = '' } = URL.parse(url) ?? {};
  return username !== '' || password !== '';
};

/** Mail addresses, as the mail library reads them: only what cannot be one is refused here. */
const address = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/[^\s@]@[^\s@]/, { error: 'an address such as duty@town.example is expected' });

/** What is no JSON stays text, and the schema says what it should be. */
const fromJson = (value: unknown): unknown => {
  try {
    return typeof value === 'string' ? JSON.parse(value) : value;
  } catch {
    return value;
  }
};

export const configSchema = z.strictObject({
  data: text.default('data').describe('folder of the log and the store'),
  role: z
    .enum(['all', 'gate', 'plant', 'web'])
    .default('all')
    .describe('what this process is: the whole of octroi, or one of many gates, plants or servers of pages over Kafka and InfluxDB'),
  town: text.optional().describe('town file; without one, the demo town, or what the data folder holds'),
  demo: flag.default(true).describe('start the demo town and its simulated devices where no town file is given'),
  demoSpeed: whole(1, 600).default(1).describe('how many times as often as in life the devices of the demo town report, once their history is sent'),
  httpHost: z.string().default('127.0.0.1').describe('address of the pages and the API'),
  httpPort: port.default(8080).describe('port of the pages and the API; 0: any free one'),
  mqttHost: z.string().default('127.0.0.1').describe('address of the MQTT door'),
  mqttPort: port.default(1883).describe('port of the MQTT door; 0: any free one'),
  mqttWsPort: port.optional().describe('port of MQTT over WebSocket; absent: closed'),
  mqttFront: z.enum(['scanner', 'aedes']).default('scanner').describe('what reads PUBLISH packets: the fast scanner before aedes, or aedes alone'),
  doorLimits: z
    .preprocess(fromJson, z.record(z.string(), z.number().int().positive(), { error: 'a JSON object of limits and whole numbers is expected' }))
    .default({})
    .describe('limits of the MQTT door that differ from their defaults, as JSON: {"connectionsMax":20000}; broker/limits.ts lists them'),
  lingerMsMax: whole(0, 20).default(20).describe('longest time a group of envelopes waits for company before it is synced'),
  segmentBytesMax: whole(65_536, 2 ** 31)
    .default(8 * 1024 * 1024)
    .describe('size at which the log begins a new segment'),
  horizonDays: whole(1, 36_500).default(400).describe('how long the log and raw readings are kept'),
  logBytesMax: whole(1, Number.MAX_SAFE_INTEGER).optional().describe('disk limit of the log; absent: only the horizon cuts it'),
  monthClosesAfterDays: whole(0, 3_660)
    .default(monthClosesAfterDaysDefault)
    .describe('days after its end at which a civil month is closed: what changes it later is listed as an adjustment'),
  diskReserveMb: whole(0, 1_048_576).default(64).describe('free disk that is kept for the log: below it the store waits'),
  log: z.enum(['file', 'kafka']).default('file').describe('where envelopes are kept: in the data folder, or on Kafka'),
  kafkaBrokers: withoutUser('it belongs into OCTROI_KAFKA_USER and OCTROI_KAFKA_PASSWORD')
    .default('127.0.0.1:9092')
    .describe('host:port of some brokers, with commas between'),
  kafkaTopic: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,200}$/, { error: 'letters, digits, ".", "_" and "-" are expected' })
    .default('octroi-log')
    .describe('topic of the log'),
  kafkaPartitions: whole(1, 1_000).default(1).describe('partitions of the topic: fixed when octroi kafka setup makes it'),
  kafkaReplication: whole(1, 15).default(3).describe('copies of each partition that octroi kafka setup asks for'),
  kafkaMessageBytesMax: whole(1_048_576, 2 ** 30)
    .default(20 * 1024 * 1024)
    .describe('largest envelope: a town file goes into one. octroi kafka setup applies it'),
  kafkaTls: flag.default(false).describe('speak TLS with the brokers'),
  kafkaTlsCa: text.optional().describe('file of the certificates to trust beside the usual ones, PEM'),
  kafkaSasl: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional().describe('how the user is proved; absent: no user'),
  kafkaUser: text.optional().describe('user on the brokers'),
  kafkaPassword: text.optional().describe('its password; never printed'),
  store: z.enum(['duckdb', 'influxdb']).default('duckdb').describe('where readings and figures are kept: embedded, or on an InfluxDB 2 server'),
  influxUrl: withoutUser('the token belongs into OCTROI_INFLUX_TOKEN').default('http://127.0.0.1:8086').describe('address of the InfluxDB server'),
  influxOrg: text.optional().describe('organisation on it'),
  influxToken: text.optional().describe('token that reads and writes the three buckets; never printed'),
  influxRawBucket: text.default('octroi-raw').describe('bucket of readings'),
  influxPanesBucket: text.default('octroi-panes').describe('bucket of panes and anomalies'),
  influxStateBucket: text.default('octroi-state').describe('bucket of what the store itself goes by'),
  influxRawDays: whole(0, 36_500)
    .default(0)
    .describe('how long InfluxDB keeps readings, by event time; 0: until the horizon cuts them, which over Kafka it does not. octroi influx setup applies it'),
  influxPanesDays: whole(0, 36_500).default(0).describe('how long InfluxDB keeps panes and anomalies; 0: for good. octroi influx setup applies it'),
  storeMemoryMb: whole(32, 65_536).default(memoryLimitMbDefault).describe('memory of the embedded store'),
  storeThreads: whole(1, 64).default(threadsDefault).describe('threads of the embedded store'),
  commitMs: whole(50, 10_000).default(1_000).describe('longest time that rows wait for a commit'),
  snapshotMs: whole(1_000, 3_600_000).default(60_000).describe('time between two snapshots of the pipeline'),
  plantSilentMsMax: whole(2_000, 3_600_000)
    .default(30_000)
    .describe('longest time that the plant may say nothing, once it is up: then the gate ends it and starts it again'),
  webhookUrl: z
    .url({ protocol: /^https?$/, error: 'an http or https address is expected' })
    .refine((url) => !namesUser(url), { error: 'an address without a user is expected: the signature says who sends' })
    .optional()
    .describe('where alarms are posted, signed as Standard Webhooks says; absent: nowhere; never printed'),
  webhookSecret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, { error: 'whsec_ and at least 24 bytes in base64 are expected' })
    .optional()
    .describe('key of the signature; never printed'),
  mailUrl: z
    .url({ protocol: /^smtps?$/, hostname: /./, error: 'smtp://user:password@host:port is expected' })
    .optional()
    .describe('mail server for alarms; absent: no mail; never printed'),
  mailFrom: address(200).optional().describe('sender of the mails'),
  mailTo: address(2_000).optional().describe('who gets them: addresses, with commas between'),
  quietHours: z
    .string()
    .regex(quietHoursPattern, { error: 'hours such as 22:00-07:00 are expected' })
    .optional()
    .describe('hours of the town in which only alarms of high priority are posted and mailed'),
  logLevel: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug'])
    .default('info')
    .describe('least severe line that is written; of the demo on a terminal warn, unless this is set'),
});

export type Config = z.infer<typeof configSchema>;
export type ConfigSource = 'default' | 'environment' | 'command line';

export interface ResolvedConfig {
  readonly config: Config;
  readonly sources: Readonly<Record<keyof Config, ConfigSource>>;
}

/** Settings that are printed nowhere. */
export const secretSettings: ReadonlySet<string> = new Set<keyof Config>(['influxToken', 'kafkaPassword', 'webhookUrl', 'webhookSecret', 'mailUrl']);

/** Settings that name no user: what was refused for one is not printed either. */
const userless: ReadonlySet<string> = new Set<keyof Config>(['influxUrl', 'kafkaBrokers']);
const isPrinted = (setting: string, value: unknown): boolean => !secretSettings.has(setting) && !(userless.has(setting) && String(value).includes('@'));

/** OCTROI_HTTP_PORT for httpPort. */
export const environmentName = (setting: string): string => `OCTROI_${setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/** How a configuration reaches another process: arguments can be read by everybody on the machine, the environment cannot. */
export const configSecrets = {
  /** The settings without those that are secret, and these as variables. */
  apart(config: Config): { readonly open: Partial<Config>; readonly secrets: Readonly<Record<string, string>> } {
    const entries = Object.entries(config);
    const isSecret = ([name, value]: [string, unknown]): boolean => secretSettings.has(name) && value !== undefined;
    return {
      open: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
      secrets: Object.fromEntries(entries.filter(isSecret).map(([name, value]) => [environmentName(name), String(value)])),
    };
  },
  /** The settings that are secret, out of the environment. */
  taken: (environment: Readonly<Record<string, string | undefined>>): Partial<Config> =>
    Object.fromEntries([...secretSettings].flatMap((name) => (environment[environmentName(name)] ? [[name, environment[environmentName(name)]]] : []))),
};

/** --http-port for httpPort. */
const optionName = (setting: string): string => `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const settings = Object.keys(configSchema.shape) as (keyof Config)[];

/**
 * @param given from the command line; undefined where an option was not given
 * @throws FailureError `bad-setting` that names the setting, where it came from, and what it may be
 */
export const resolveConfig = (given: Partial<Record<keyof Config, unknown>>, environment: Readonly<Record<string, string | undefined>>): ResolvedConfig => {
  const values: Record<string, unknown> = {};
  const sources = {} as Record<keyof Config, ConfigSource>;
  for (const setting of settings) {
    // An empty variable is how a compose file leaves one out.
    const fromEnvironment = environment[environmentName(setting)] || undefined;
    sources[setting] = given[setting] !== undefined ? 'command line' : fromEnvironment !== undefined ? 'environment' : 'default';
    const value = given[setting] ?? fromEnvironment;
    if (value !== undefined) values[setting] = value;
  }
  const parsed = configSchema.safeParse(values);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const setting = String(issue?.path[0]) as keyof Config;
    const name = sources[setting] === 'command line' ? optionName(setting) : environmentName(setting);
    throw fail(
      'bad-setting',
      `${name} is ${isPrinted(setting, values[setting]) ? JSON.stringify(values[setting]) : 'not one'}: ${issue?.message}`,
      configSchema.shape[setting]?.description,
    );
  }
  const { httpHost, store, influxOrg, influxToken, kafkaSasl, kafkaUser, kafkaPassword } = parsed.data;
  for (const [setting, value] of Object.entries({ influxOrg, influxToken })) {
    if (store === 'influxdb' && value === undefined)
      throw fail('bad-setting', `a store on InfluxDB needs ${environmentName(setting)}`, environmentName(setting));
  }
  for (const [setting, value] of Object.entries({ kafkaUser, kafkaPassword })) {
    if (kafkaSasl !== undefined && value === undefined) throw fail('bad-setting', `SASL needs ${environmentName(setting)}`, environmentName(setting));
  }
  const { webhookUrl, webhookSecret, mailUrl, mailFrom, mailTo } = parsed.data;
  for (const group of [
    { webhookUrl, webhookSecret },
    { mailUrl, mailFrom, mailTo },
  ]) {
    const missing = Object.keys(group).filter((name) => group[name as keyof typeof group] === undefined);
    if (missing.length > 0 && missing.length < Object.keys(group).length) {
      const [first = ''] = missing.map(environmentName);
      throw fail('bad-setting', `${Object.keys(group).map(environmentName).join(', ')} belong together: ${first} is missing`, first);
    }
  }
  if (!isLoopback(httpHost)) throw fail('not-loopback', `the pages would listen on ${httpHost} without access control`, environmentName('httpHost'));
  return { config: parsed.data, sources };
};

/** The password that `octroi simulate` connects with: not a setting, since no other command heeds it. */
export const simulatePasswordVariable = 'OCTROI_SIMULATE_PASSWORD';

/** Variables that look like settings and are none: misspelt, or of an older version. */
export const unknownVariables = (environment: Readonly<Record<string, string | undefined>>): string[] => {
  const known = new Set([...settings.map(environmentName), simulatePasswordVariable]);
  return Object.keys(environment).filter((name) => name.startsWith('OCTROI_') && !known.has(name));
};

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
