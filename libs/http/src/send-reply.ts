import type { Readable } from 'node:stream';
import { PUBLIC } from '#access';
import type { Reply } from '#bus';
import type { ReplyMeta } from '#bus/contract';
import type { FastifyReply } from 'fastify';
import type { Problem } from './problem.ts';
import type { ContractRoute } from './routes.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Sends a problem document, which may be a stream of its text. */
export function sendProblem(
  reply: FastifyReply,
  { status, headers, body }: Omit<Problem, 'body'> & { readonly body: string | Readable },
): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}

/** Sends the reply of a service: value, status, and metadata as headers. */
export function sendReply(
  reply: FastifyReply,
  route: ContractRoute,
  response: Extract<Reply<unknown>, { readonly ok: true }>,
  path: string,
): FastifyReply {
  const { contract } = route;
  const status = response.meta.created
    ? 201
    : response.meta.accepted
      ? 202
      : contract.kind === 'request'
        ? (contract.success ?? 200)
        : 200;
  setMeta(reply, response.meta);
  if (status === 201 || (status === 202 && contract.permission !== PUBLIC))
    reply.header('location', locationOf(route, status, path, response.value));
  reply.code(status);
  if (status === 204) return reply.send();
  return reply
    .header('content-type', JSON_TYPE)
    .send(JSON.stringify(Array.isArray(response.value) ? { items: response.value } : (response.value ?? {})));
}

function setMeta(reply: FastifyReply, { position, revision, repeated, warnings }: ReplyMeta): void {
  if (position !== undefined) reply.header('consistency', position);
  if (revision !== undefined) reply.header('etag', `"${revision}"`);
  if (repeated) reply.header('idempotent-replayed', 'true');
  if (warnings?.length) reply.header('warning', warnings.map(warningText));
}

/** Formats a warning as `299 - "text"`. Characters that a header cannot contain are percent-encoded. */
function warningText(text: string): string {
  return `299 - "${text.replace(/[^\x20-\x7e]|["\\%]/gu, (character) => encodeURIComponent(character).replace(/^["\\]$/, (one) => `%${one.charCodeAt(0).toString(16)}`))}"`;
}

/**
 * Returns the path of the new or changed resource: that of a PUT, the new member of a collection, or the object of an
 * action.
 */
function locationOf({ method }: ContractRoute, status: number, path: string, value: unknown): string {
  if (method !== 'POST') return path;
  if (status === 202) return path.slice(0, path.lastIndexOf('/'));
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
    ? `${path}/${encodeURIComponent(value.id)}`
    : path;
}
