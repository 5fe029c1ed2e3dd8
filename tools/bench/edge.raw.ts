import { fastify } from 'fastify';
import { APPLICATION } from './edge.parts.ts';

/** Starts Fastify alone, which returns the same bytes at the same path. Returns its port. */
export async function startRawHttp(): Promise<number> {
  const server = fastify();
  server.get('/v1/organizations/:org/applications/:name', (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(APPLICATION)),
  );
  return Number(new URL(await server.listen({ port: 0, host: '127.0.0.1' })).port);
}
