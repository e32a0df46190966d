/** Registers the API on a server, with its OpenAPI description. What each route does is left to its file. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { apiRoutes } from './registry.ts';
import type { Context } from './route.ts';

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  field: z.string().optional(),
  remedy: z.string(),
});

/** The compilers are set in a scope of their own: on the root they break plugins that declare JSON Schema. */
export const api =
  (context: Context) =>
  async (scope: FastifyInstance): Promise<void> => {
    scope.setValidatorCompiler(validatorCompiler);
    scope.setSerializerCompiler(serializerCompiler);
    await scope.register(swagger, {
      openapi: { openapi: '3.1.0', info: { title: 'octroi', description: "A town's telemetry gate.", version: '1.0.0' } },
      transform: jsonSchemaTransform,
    });
    for (const { method, url, summary, query, body, answer, handle } of apiRoutes) {
      scope.route({
        method,
        url,
        schema: {
          summary,
          querystring: query,
          ...(body === null ? {} : { body }),
          response: { ...(answer === null ? {} : { 200: answer }), default: problem },
        } as object,
        async handler(request, reply) {
          const made = await handle(context, { query: request.query, body: request.body, request, reply });
          // As text: a series of some thousand rows does not go through a response schema.
          return answer === null ? reply : reply.type('application/json').header('cache-control', 'no-store').send(JSON.stringify(made));
        },
      });
    }
    scope.get('/api/v1/openapi.json', { schema: { hide: true, querystring: z.strictObject({}) } as object }, async (_, reply) =>
      reply.type('application/json').send(JSON.stringify(scope.swagger())),
    );
  };
