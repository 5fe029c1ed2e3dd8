import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { default as Provider } from 'oidc-provider';
import type { Interactions } from './interactions.ts';

const PREFIX = '/oidc';

export interface MountOptions {
  readonly fastify: FastifyInstance;
  readonly provider: Provider;
  readonly interactions: Interactions;
  readonly publicUrl: string;
  /** Filled with the caller's address per request, for limits. */
  readonly addresses: WeakMap<IncomingMessage, string>;
}

/**
 * Puts the issuer below `/oidc`, in a scope of its own: the issuer reads bodies itself. Links are always made from the
 * public address, whatever Host a client sent.
 */
export async function mountIssuer({
  fastify,
  provider,
  interactions,
  publicUrl,
  addresses,
}: MountOptions): Promise<void> {
  const { host, protocol } = new URL(publicUrl);
  const serve = provider.callback();

  const prepare = (request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack();
    addresses.set(request.raw, request.ip);
    const { headers } = request.raw;
    headers.host = host;
    headers['x-forwarded-host'] = host;
    headers['x-forwarded-proto'] = protocol.slice(0, -1);
    headers['x-forwarded-for'] = request.ip;
  };

  await fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));

    scope.get(`${PREFIX}/interaction/:uid`, async (request, reply) => {
      prepare(request, reply);
      await guarded(reply, () => interactions.show(request.raw, reply.raw));
    });
    scope.post(`${PREFIX}/interaction/:uid`, async (request, reply) => {
      prepare(request, reply);
      await guarded(reply, () => interactions.submit(request.raw, reply.raw, request.ip));
    });
    scope.all(`${PREFIX}/*`, async (request, reply) => {
      prepare(request, reply);
      const raw: IncomingMessage & { originalUrl?: string } = request.raw;
      raw.originalUrl = raw.url ?? PREFIX;
      raw.url = raw.originalUrl.slice(PREFIX.length);
      await serve(raw, reply.raw);
    });
  });
}

/** A hijacked reply is ours to end, also when something was thrown. */
async function guarded(reply: FastifyReply, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!reply.raw.headersSent) reply.raw.writeHead(500);
    reply.raw.end();
    throw error;
  }
}
