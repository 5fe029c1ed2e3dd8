import { fastify } from 'fastify';
import { APPLICATION } from './edge.parts.ts';

/** Starts Fastify alone, which returns the same bytes at the same paths. Returns its port. */
export async function startRawHttp(member: string): Promise<number> {
  const server = fastify();
  const json = 'application/json; charset=utf-8';
  server.get('/v1/organizations/:org/applications/:name', (_request, reply) =>
    reply.header('content-type', json).send(JSON.stringify(APPLICATION)),
  );
  server.put('/v1/organizations/:org/members/:user', (_request, reply) =>
    reply.header('content-type', json).send(member),
  );
  return Number(new URL(await server.listen({ port: 0, host: '127.0.0.1' })).port);
}
