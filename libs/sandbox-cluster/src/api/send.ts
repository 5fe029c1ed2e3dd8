import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { JsonObject } from '#kernel';
import type { ApiStatus } from '../controller.ts';
import type { DiscoveryAnswer } from './discovery.ts';

/** Serializes a response body. */
export const textOf = (body: JsonObject): string => `${JSON.stringify(body)}\n`;

export const sendJson = (response: ServerResponse, status: number, body: JsonObject): void =>
  void response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
    .end(textOf(body));

export const sendStatus = (response: ServerResponse, status: ApiStatus): void =>
  sendJson(response, status.code ?? 500, status);

export const sendText = (response: ServerResponse, status: number, text: string): void =>
  void response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);

/** Sends a document that rarely changes, with an ETag. Responds 304 if the client has the current version. */
export function sendDiscovery(
  response: ServerResponse,
  { body, type = 'application/json' }: DiscoveryAnswer,
  known: string | undefined,
): void {
  const text = JSON.stringify(body);
  const etag = `"${createHash('sha256').update(text).digest('hex').toUpperCase()}"`;
  response.setHeader('etag', etag);
  response.setHeader('vary', 'Accept');
  if (known === etag) return void response.writeHead(304).end();
  response.writeHead(200, { 'content-type': type, 'cache-control': 'public' }).end(text);
}
