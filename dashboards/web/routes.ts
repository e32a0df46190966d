/** The addresses of the pages: what is asked, loaded and rendered. Looks and words are left to pages/ and text/. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { alarmActionSchema } from '../../core/alarm.ts';
import { type Failure, FailureError, fail, failure } from '../../core/failure.ts';
import { adoptDevice } from '../adopt.ts';
import { actOn } from '../alarms.ts';
import type { Context } from '../api/route.ts';
import { withLag } from '../lag.ts';
import { alarmCharsMax, pageQueryCharsMax } from '../limits.ts';
import { problemOf } from '../problem.ts';
import { type Bundle, loadBundle } from './bundle.ts';
import { siteCsv } from './csv.ts';
import { type Geo, readGeo } from './geo.ts';
import { loadAlarm } from './load/alarm.ts';
import { loadAlarms } from './load/alarms.ts';
import { loadReceipt, loadSum } from './load/explain.ts';
import { loadOperations } from './load/operations.ts';
import { loadParking } from './load/parking.ts';
import { loadSite } from './load/site.ts';
import { loadSites } from './load/sites.ts';
import { memory, type Source } from './load/source.ts';
import { loadTown } from './load/town.ts';
import { type Frame, type Language, type Page, siteSorts } from './models.ts';
import { languages } from './text/messages.ts';

const word = z.string().min(1).max(pageQueryCharsMax);
const optional = word.or(z.literal('')).optional();
const siteQuery = z.object({ id: word, from: optional, to: optional, carrier: optional });

/** As long as the API takes them. */
const alarmQuery = z.object({ id: z.string().min(1).max(alarmCharsMax) });

const icon = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#0f6a84" d="M4 28V13L16 4l12 9v15h-8v-8a4 4 0 0 0-8 0v8z"/></svg>';

/** What was asked for, checked. @throws FailureError `bad-request` naming the parameter */
const asked = <T extends z.ZodType>(shape: T, query: unknown): z.output<T> => {
  const parsed = shape.safeParse(query);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0] ?? '');
  const isMissing = (query as Record<string, unknown>)[name] === undefined;
  throw fail('bad-request', isMissing ? `the parameter "${name}" is missing` : `${issue?.path.join('.')}: ${issue?.message}`, name);
};

/** Answers one page. The parameters of the path come with the query's. */
type Loader = (source: Source, query: Record<string, unknown>) => Promise<Page>;

const pages: Readonly<Record<string, Loader>> = {
  '/': async (source) => ({ kind: 'town', model: await loadTown(source) }),
  '/sites': async (source, query) => {
    const { use, sort } = asked(z.object({ use: optional, sort: z.enum(siteSorts).default('energy') }), query);
    return { kind: 'sites', model: await loadSites(source, use === undefined || use === '' ? null : use, sort) };
  },
  '/sites/:id': async (source, query) => ({
    kind: 'site',
    model: await loadSite(source, asked(siteQuery, query)),
  }),
  '/parking': async (source) => ({ kind: 'parking', model: await loadParking(source) }),
  '/alarms': async (source, query) => ({ kind: 'alarms', model: await loadAlarms(source, query.answered !== undefined) }),
  '/alarms/one': async (source, query) => ({ kind: 'alarm', model: await loadAlarm(source, asked(alarmQuery, query).id, query.answered !== undefined) }),
  '/operations': async (source, query) => {
    const { adopted } = asked(z.object({ adopted: optional }), query);
    // Only a device of the town is said to be adopted: the page repeats nobody's words.
    const known = source.directory.town.devices.some(({ id }) => id === adopted);
    return { kind: 'operations', model: await loadOperations(source, known ? (adopted ?? null) : null) };
  },
  '/explain': async (source, query) => {
    if (query.device !== undefined)
      return { kind: 'receipt', model: await loadReceipt(source, asked(z.object({ device: word, quantity: word, window: word, at: word }), query)) };
    return { kind: 'sum', model: await loadSum(source, asked(z.object({ site: word.optional(), from: word, to: word }), query)) };
  },
  '/accessibility': async () => ({ kind: 'accessibility' }),
};

/** The language of a path, else the one that the browser prefers, else French. */
const languageOf = (request: FastifyRequest): Language => {
  const [, first] = request.url.split(/[/?]/);
  const inPath = languages.find((language) => language === first);
  if (inPath !== undefined) return inPath;
  const preferred = (request.headers['accept-language'] ?? '').split(',').map((part) => part.trim().slice(0, 2).toLowerCase());
  return languages.find((language) => language === preferred.find((one) => languages.includes(one as Language))) ?? 'fr';
};

/** What the routes of the pages share. */
interface Shared {
  readonly context: Context;
  readonly bundle: Promise<Bundle>;
  source(): Promise<Source>;
  /** What was loaded for one reader serves the next, whatever the language. */
  readonly remembered: ReturnType<typeof memory>;
  send(request: FastifyRequest, reply: FastifyReply, page: Page, status?: number): Promise<FastifyReply>;
  sendFailure(request: FastifyRequest, reply: FastifyReply, found: Failure): Promise<FastifyReply>;
}

const frameOf = async ({ context: { directory, clock }, bundle }: Pick<Shared, 'context' | 'bundle'>, request: FastifyRequest): Promise<Frame> => {
  const { town } = await directory();
  const path = request.url.replace(/^\/(fr|en)(?=\/|\?|$)/, '') || '/';
  return {
    language: languageOf(request),
    town: town.name,
    zone: town.zone,
    now: clock(),
    path: path.startsWith('/') ? path : `/${path}`,
    simulated: town.devices.some(({ simulated }) => simulated === true),
    assets: (await bundle).assets,
  };
};

const sharedOf = (context: Context, geo: Geo, bundle: Promise<Bundle>): Shared => {
  const { views, types, clock } = context;
  const send: Shared['send'] = async (request, reply, page, status = 200) => {
    const frame = await frameOf({ context, bundle }, request);
    return reply
      .code(status)
      .type('text/html; charset=utf-8')
      .header('content-language', frame.language)
      .header('cache-control', 'no-cache')
      .send((await bundle).render(page, frame));
  };
  return {
    context,
    bundle,
    source: async () => ({ views, types, directory: await context.directory(), geo, now: clock() }),
    remembered: memory(clock),
    send,
    async sendFailure(request, reply, found) {
      const { status, detail, code, field = null } = problemOf(await withLag(found, views, clock));
      return send(request, reply, { kind: 'problem', problem: { status, code, field, detail } }, status);
    },
  };
};

/** The parameters of a path come with the query's. */
const parametersOf = ({ query, params }: FastifyRequest): Record<string, unknown> => ({ ...(query as object), ...(params as object) });

const pageRoutes = (app: FastifyInstance, { source, remembered, send, sendFailure }: Shared, language: Language): void => {
  for (const [path, load] of Object.entries(pages)) {
    app.get(`/${language}${path}`, async (request, reply) => {
      const query = parametersOf(request);
      const page = await remembered(`${path} ${JSON.stringify(query)}`, async () => load(await source(), query));
      return send(request, reply, page);
    });
  }
  app.get(`/${language}`, async (_, reply) => reply.redirect(`/${language}/`, 308));
  app.get(`/${language}/*`, async (request, reply) => sendFailure(request, reply, failure('not-found', '')));
};

/** The curve of a site as a file. */
const csvRoute = (app: FastifyInstance, { source }: Shared, language: Language): void => {
  app.get(`/${language}/sites/:id.csv`, async (request, reply) => {
    const query = asked(siteQuery, parametersOf(request));
    const from = await source();
    const model = await loadSite(from, query);
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${model.id.replace(/[^\w.-]/g, '_')}_${model.from}_${model.to}.csv"`)
      .send(siteCsv(model, language, from.directory.town.zone));
  });
};

/** The form of the operations page. */
const adoptRoute = (app: FastifyInstance, { context: { views, types, directory } }: Shared, language: Language): void => {
  app.post(`/${language}/operations/adopt`, async (request, reply) => {
    const { subject, type, site } = asked(z.object({ subject: word, type: word, site: optional }), request.body);
    await adoptDevice(views, await directory(), types, { subject, type, ...(site === undefined || site === '' ? {} : { site }) });
    return reply.redirect(`/${language}/operations?adopted=${encodeURIComponent(subject)}`, 303);
  });
};

/** Of a form of the alarms page, what its button says and where it leads back to: checked before anything is done. */
const pressedSchema = z.looseObject({
  do: z.string().default(''),
  minutes: z.unknown().optional(),
  back: z
    .string()
    .min(1)
    .max(alarmCharsMax)
    .refine((id) => id.isWellFormed(), 'half a character')
    .optional(),
});

/** The forms of the alarms page. */
const alarmRoute = (app: FastifyInstance, { context: { views } }: Shared, language: Language): void => {
  app.post(`/${language}/alarms/act`, async (request, reply) => {
    const { do: pressed, minutes, back, ...rest } = asked(pressedSchema, request.body ?? {});
    const [what, verdict] = pressed.startsWith('label-') ? ['label', pressed.slice('label-'.length)] : [pressed];
    const more = { ...(what === 'shelve' ? { minutes: Number(minutes) } : {}), ...(verdict === undefined ? {} : { verdict }) };
    await actOn(views, asked(alarmActionSchema, { ...rest, do: what, ...more }));
    // From the page of one alarm back to it.
    const path = back === undefined ? '/alarms?answered' : `/alarms/one?id=${encodeURIComponent(back)}&answered`;
    return reply.redirect(`/${language}${path}`, 303);
  });
};

const assetRoutes = (app: FastifyInstance, { bundle }: Shared): void => {
  app.get('/icon.svg', async (_, reply) => reply.type('image/svg+xml').header('cache-control', 'public, max-age=86400').send(icon));
  app.get('/assets/:file', async (request, reply) => {
    const { files } = await bundle;
    const { file } = request.params as { file: string };
    const found = files.get(`/assets/${file}`);
    if (found === undefined) return reply.callNotFound();
    return reply.type(found.type).header('cache-control', 'public, max-age=31536000, immutable').send(found.body);
  });
};

/** Registers pages, their assets, and the form of the operations page. */
export const web =
  (context: Context, geo: unknown) =>
  async (app: FastifyInstance): Promise<void> => {
    // Built while the server already listens; a page that is asked for meanwhile waits for it.
    const bundle = loadBundle();
    bundle.catch((error: Error) => app.log.error({ err: error }, 'the pages could not be built'));
    app.addHook('onClose', async () => {
      await bundle.catch(() => undefined);
    });
    const shared = sharedOf(context, readGeo(geo), bundle);
    app.setErrorHandler(async (error, request, reply) => {
      if (error instanceof FailureError && !request.url.startsWith('/api/')) return shared.sendFailure(request, reply, error.failure);
      throw error;
    });
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(String(body))));
    });
    for (const language of languages) {
      pageRoutes(app, shared, language);
      csvRoute(app, shared, language);
      adoptRoute(app, shared, language);
      alarmRoute(app, shared, language);
    }
    for (const path of Object.keys(pages)) {
      app.get(path, async (request, reply) => reply.header('vary', 'accept-language').redirect(`/${languageOf(request)}${request.url}`, 302));
    }
    assetRoutes(app, shared);
  };
