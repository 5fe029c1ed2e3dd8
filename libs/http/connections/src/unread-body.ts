import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pause, type Clock } from '#kernel';

/** How long the rest of a refused body is read and thrown away. */
const LINGER_MS = 5_000;
/** So much of a body is read to its end after a refusal, to keep the connection. */
const SPARED_BYTES = 64 * 1024;

/** Whether a request announces a body, by its headers alone. */
export const announcesBody = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Whether so much of a request's body is still to come, or may be, that a refusal has to end its connection: send the
 * answer with `connection: close` and as {@link answerThenLinger}.
 */
export const isBodyPending = (request: IncomingMessage): boolean =>
  !request.complete &&
  (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > SPARED_BYTES);

/**
 * The text of a refusal as a stream that ends when the request has ended, at the latest after 5 s; what still comes of the
 * request is thrown away in the meantime. The answer needs a Content-Length, so that it is whole before the stream ends. A
 * connection that is closed on bytes that nobody read takes the answer with it.
 */
export function answerThenLinger(text: Buffer, request: IncomingMessage, clock: Clock): Readable {
  return Readable.from(inTwoSteps(text, request, clock), { objectMode: false });
}

async function* inTwoSteps(text: Buffer, request: IncomingMessage, clock: Clock): AsyncIterable<Buffer> {
  yield text;
  const ended = new AbortController();
  request.once('close', () => ended.abort()).resume();
  await pause(clock, LINGER_MS, ended.signal);
}
