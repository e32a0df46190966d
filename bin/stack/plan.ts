/** compose.yaml as a plan of processes: what is run, with which settings, after what. Running it is left to `run.ts`, containers to an engine. */
import { parse } from 'yaml';
import { z } from 'zod';
import { fail } from '../../core/failure.ts';

const conditions = ['service_healthy', 'service_completed_successfully'] as const;
const duration = z.string().regex(/^\d+s$/);

const healthcheckSchema = z.union([
  z.strictObject({ disable: z.literal(true) }),
  z.strictObject({ test: z.tuple([z.literal('CMD'), z.string()], z.string()), interval: duration, timeout: duration, retries: z.int().positive() }),
]);

const serviceSchema = z.strictObject({
  image: z.string().regex(/^[a-z0-9/.-]+:\d[\w.-]*$/, { error: 'an image has a tag that is a version' }),
  build: z.literal('.').optional(),
  network_mode: z.literal('host'),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  restart: z.enum(['unless-stopped', 'on-failure']),
  stop_grace_period: duration.optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])),
  volumes: z.array(z.string().regex(/^[\w./-]+:\/[\w./-]+(:ro)?$/)).optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.enum(conditions) })).optional(),
  healthcheck: healthcheckSchema.optional(),
});

/** As much of the Compose specification as the file uses; extensions (`x-…`) aside. */
const composeSchema = z.strictObject({ name: z.string(), services: z.record(z.string(), serviceSchema), volumes: z.record(z.string(), z.null()) });

export type Service = Omit<z.output<typeof serviceSchema>, 'environment'> & { readonly environment: Readonly<Record<string, string>> };
export interface Plan {
  /** By name, in an order in which each comes after what it waits for. */
  readonly services: ReadonlyMap<string, Service>;
  readonly volumes: readonly string[];
}

/** `${NAME:-default}`, `${NAME:?why}`. @throws FailureError `bad-setting` where what must be set is not */
const interpolated = (text: string, given: Readonly<Record<string, string | undefined>>): string =>
  text.replace(/\$\{(\w+):([-?])([^}]*)\}/g, (_, name: string, kind: string, rest: string) => {
    const value = given[name] || undefined;
    if (value === undefined && kind === '?') throw fail('bad-setting', `${name} is not set: ${rest}`, name);
    return value ?? rest;
  });

type Services = z.output<typeof composeSchema>['services'];

/** Names, each behind those it depends on. @throws FailureError `bad-setting` where one is missing, or they wait for each other */
const ordered = (services: Services): string[] => {
  const done: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    if (done.includes(name)) return;
    const service = services[name];
    if (service === undefined) throw fail('bad-setting', `${path.at(-1)} depends on ${name}, which is no service`, name);
    if (path.includes(name)) throw fail('bad-setting', `${[...path, name].join(' → ')} wait for each other`, name);
    for (const other of Object.keys(service.depends_on ?? {})) visit(other, [...path, name]);
    done.push(name);
  };
  for (const name of Object.keys(services)) visit(name, []);
  return done;
};

/**
 * @param text of compose.yaml
 * @param given the variables that it names
 * @throws FailureError `bad-setting`
 */
export const planOf = (text: string, given: Readonly<Record<string, string | undefined>>): Plan => {
  const read = parse(text, { merge: true }) as Record<string, unknown>;
  const parsed = composeSchema.safeParse(Object.fromEntries(Object.entries(read).filter(([name]) => !name.startsWith('x-'))));
  if (!parsed.success) throw fail('bad-setting', z.prettifyError(parsed.error), 'compose.yaml');
  const { services, volumes } = parsed.data;
  const filled = ({ environment, ...rest }: Services[string]): Service => ({
    ...rest,
    environment: Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolated(String(value), given)])),
  });
  return {
    services: new Map(ordered(services).map((name) => [name, filled(services[name] as Services[string])])),
    volumes: Object.keys(volumes),
  };
};

const ports = /(?<=127\.0\.0\.1:)\d+/g;
const isPort = (name: string): boolean => /_PORT$/.test(name);

/** Every port that a plan names, once. */
export const portsOf = ({ services }: Plan): string[] => [
  ...new Set(
    [...services.values()].flatMap(({ environment }) =>
      Object.entries(environment).flatMap(([name, value]) => (isPort(name) ? [value] : (value.match(ports) ?? []))),
    ),
  ),
];

/** The plan on other ports. @param moved the new port by the old one */
export const onPorts = (plan: Plan, moved: ReadonlyMap<string, string>): Plan => {
  const other = (port: string): string => moved.get(port) ?? port;
  const environment = (given: Service['environment']) =>
    Object.fromEntries(Object.entries(given).map(([name, value]) => [name, isPort(name) ? other(value) : value.replace(ports, other)]));
  return { ...plan, services: new Map([...plan.services].map(([name, service]) => [name, { ...service, environment: environment(service.environment) }])) };
};
