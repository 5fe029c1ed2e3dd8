import { DomainErrorException } from '#bus';
import { domainError } from '#kernel';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { useProblems } from './edge-filter.ts';
import type { EdgeOptions, EdgeParts, PublicFile } from './edge-options.ts';
import { count } from './request-authorization.ts';

/** Downloads of one address per minute. The limit is lower because files are larger than other responses. */
const PER_MINUTE = 60;

/** Serves public files. */
export async function mountFiles(
  scope: FastifyInstance,
  { files = [], logger }: EdgeOptions,
  parts: EdgeParts,
): Promise<void> {
  await scope.register(rateLimit, { global: false });
  useProblems(scope, parts);
  const limit = scope.createRateLimit({ max: PER_MINUTE, timeWindow: 60_000, keyGenerator: ({ ip }) => ip });
  for (const file of files) {
    const read = kept(file);
    scope.get(file.path, async (request, reply) => {
      await count(limit, request, reply);
      const bytes = await read().catch((error: unknown) => {
        logger.error({ path: file.path, err: error }, 'a public file cannot be read');
        throw new DomainErrorException(unreadable(file));
      });
      return reply.header('cache-control', 'no-cache').type(file.mediaType).send(bytes);
    });
  }
}

/** Returns a function that caches the file's content. An error is not cached. */
function kept(file: PublicFile): () => Promise<Uint8Array> {
  let reading: Promise<Uint8Array> | undefined;
  return () => {
    reading ??= file.read().catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  };
}

const unreadable = ({ path }: PublicFile) =>
  domainError('edge/file-unavailable', 'unavailable', `${path} is not available on this platform.`, {
    fix: 'ask the operator of the platform to run npm run build',
  });
