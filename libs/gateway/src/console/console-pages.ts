import { join } from 'node:path';
import { DomainErrorException } from '#bus';
import { cookieIn, count, isSecureAt, type BrowserPages } from '#http';
import { networkOf } from '#http/connections';
import type { Ids } from '#kernel';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ConsoleBuild, ConsoleFiles } from './console-build.service.ts';
import { consoleErrors } from './console.errors.ts';

/** Paths of the console's pages that need a session. Each is the same page, which reads its address. */
const PAGES = ['/', '/o/*', '/admin/*', '/invite/*', '/account'];
/** Paths of pages that need none. */
const PUBLIC_PAGES = ['/signed-out', '/logged-in', '/not-found'];
const ASSETS = '/assets/*';
/** Requests of one address per minute. Opening a page takes about 20. */
const PER_MINUTE = 1_200;
const NONCE_BYTES = 18;
const YEAR_MS = 31_536_000_000;

/** Returns the Content-Security-Policy of a page. Styles that libraries add need the nonce; scripts are files. */
const policyOf = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** Creates the routes of the console's page and files. */
export function consolePages({
  build,
  ids,
  publicUrl,
}: {
  readonly build: ConsoleBuild;
  readonly ids: Ids;
  /** Public address of the platform. */
  readonly publicUrl: string;
}): BrowserPages {
  const { origin } = new URL(publicUrl);
  const hasSession = ({ raw, protocol }: FastifyRequest): boolean =>
    cookieIn(raw.headers.cookie, 'session', isSecureAt(origin, protocol)) !== undefined;
  return {
    routes: [...PAGES, ...PUBLIC_PAGES, ASSETS].map((template) => ({ method: 'GET', template })),
    async mount(scope) {
      await scope.register(fastifyStatic, {
        root: import.meta.dirname, // each response names the folder of the build
        serve: false,
        preCompressed: true,
      });
      const limit = scope.createRateLimit({
        max: PER_MINUTE,
        timeWindow: 60_000,
        keyGenerator: ({ ip }) => networkOf(ip),
      });
      scope.addHook('onRequest', async (request, reply) => count(limit, request, reply));
      for (const path of [...PAGES, ...PUBLIC_PAGES])
        scope.get(path, async (request, reply) => {
          // An ended session is noticed by the page, which goes to the login too.
          if (PAGES.includes(path) && !hasSession(request))
            return reply
              .header('cache-control', 'no-store')
              .redirect(`/console/login?${new URLSearchParams({ return_to: request.raw.url ?? '/' }).toString()}`, 303);
          const files = await readyFiles(build);
          return files === 'building' ? sendBuilding(reply) : sendPage(reply, files, nonceOf(ids));
        });
      scope.get(ASSETS, async (request, reply) => {
        const files = await readyFiles(build);
        if (files === 'building') return sendBuilding(reply);
        const { '*': name } = request.params as { readonly '*': string };
        return reply.sendFile(name, join(files.folder, 'assets'), { maxAge: YEAR_MS, immutable: true });
      });
    },
  };
}

async function readyFiles(build: ConsoleBuild): Promise<ConsoleFiles | 'building'> {
  try {
    return await build.files();
  } catch {
    throw new DomainErrorException(consoleErrors.notBuilt());
  }
}

const nonceOf = (ids: Ids): string => Buffer.from(ids.random(NONCE_BYTES)).toString('base64');

const sendPage = (reply: FastifyReply, { page }: ConsoleFiles, nonce: string): FastifyReply =>
  reply
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policyOf(nonce),
      'cache-control': 'no-store',
    })
    .send(page.replace('%NONCE%', nonce));

/** Responds while the console is being built: a page that asks again by itself. */
const sendBuilding = (reply: FastifyReply): FastifyReply =>
  reply
    .code(503)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'retry-after': '2',
      refresh: '2',
    })
    .send(
      '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Astro Platform</title></head><body><p role="status">The console is being built. This takes a few seconds, once. Until then, use astroctl.</p></body></html>',
    );
