import { request as ask, type Agent, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { HOST } from './host.ts';

/** Headers that speak of one connection only (RFC 9110, 7.6.1), and the wish for `100 Continue`, which has been answered by then. */
const OF_ONE_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade', 'expect']);

/**
 * Hands a request over to the HTTP server on a port of this machine, and its answer back as it comes. A reader who is slow,
 * or leaves, is felt there.
 * @param fail answers the request when that server gives no answer; called at most once, while nothing was sent and the asker is there
 */
export function relay(
  request: IncomingMessage,
  response: ServerResponse,
  { port, agent, fail }: { readonly port: number; readonly agent: Agent; readonly fail: (error: Error) => void },
): void {
  const asking = ask({ host: HOST, port, agent, path: request.url, method: request.method, headers: forwarded(request.headers) });
  let isAnswered = false;
  asking.once('response', (answer) => {
    const isLast = answer.headers.connection === 'close';
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, { ...forwarded(answer.headers), ...(isLast && { connection: 'close' }) });
    if (answer.headers['content-length'] === undefined) response.flushHeaders(); // a watch is open before anything has changed
    answer.pipe(response, { end: false });
    answer.once('error', () => response.destroy());
    answer.once('end', () => {
      isAnswered = true;
      if (request.complete) response.end(); // else a refusal of a body that still comes, and is taken as long as the other side takes it
    });
  });
  asking.on('error', (error) => {
    if (isAnswered || response.closed) return;
    if (response.headersSent) response.destroy();
    else fail(error);
  });
  asking.once('close', () => void (isAnswered && response.end()));
  response.once('close', () => void (response.writableFinished || asking.destroy()));
  request.pipe(asking);
}

const forwarded = (headers: IncomingHttpHeaders): IncomingHttpHeaders => Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_ONE_CONNECTION.has(name)));
