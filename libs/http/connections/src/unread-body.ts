import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pause, type Clock } from '#kernel';

/** How long the rest of a rejected body is read and discarded. */
const LINGER_MS = 5_000;
/** A rejected body up to this size is read to its end, to keep the connection open. */
const MAX_DRAINED_BYTES = 64 * 1024;

/** Returns whether a request announces a body in its headers. */
export const announcesBody = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Returns whether so much of a request's body is, or may be, still unread that a rejection must close the connection.
 * Then send the response with `connection: close` and as {@link respondAndLinger}.
 */
export const isBodyPending = (request: IncomingMessage): boolean =>
  !request.complete &&
  (request.headers['transfer-encoding'] !== undefined ||
    Number(request.headers['content-length'] ?? 0) > MAX_DRAINED_BYTES);

/**
 * Returns the text of a rejection as a stream that ends when the request has ended, or after 5 s. Until then, the rest
 * of the request is discarded, because closing a connection with unread input loses the response. The response needs a
 * Content-Length, so that it is complete before the stream ends.
 */
export function respondAndLinger(text: Buffer, request: IncomingMessage, clock: Clock): Readable {
  return Readable.from(inTwoSteps(text, request, clock), { objectMode: false });
}

async function* inTwoSteps(text: Buffer, request: IncomingMessage, clock: Clock): AsyncIterable<Buffer> {
  yield text;
  const ended = new AbortController();
  request.once('close', () => ended.abort()).resume();
  await pause(clock, LINGER_MS, ended.signal);
}
