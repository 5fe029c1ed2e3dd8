import type { ServerResponse } from 'node:http';
import type { DownloadFormat } from '#bus/contract';
import { drained } from './event-stream.ts';
import type { Problem } from './problem.ts';

interface DownloadOptions {
  readonly items: AsyncIterable<unknown>;
  readonly format: DownloadFormat<never>;
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts when the client disconnects or the server shuts down. */
  readonly signal: AbortSignal;
  /** Returns the problem document for what `items` threw. */
  readonly problemOf: (thrown: unknown) => Problem;
}

/**
 * Sends items as lines of text, as fast as the client reads. An error before the first item is sent as a problem with
 * its status; a later one ends the connection without the end of the response, so that no client takes it for complete.
 */
export async function sendDownload({
  items,
  format,
  response,
  headers,
  signal,
  problemOf,
}: DownloadOptions): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  const start = (): void => {
    if (response.headersSent) return;
    response.writeHead(200, { ...headers, 'content-type': `${format.mediaType}; charset=utf-8` });
    if (format.head !== '') response.write(format.head);
  };
  try {
    for (let step = await iterator.next(); !step.done && !signal.aborted; step = await iterator.next()) {
      start();
      // Items of the contract's stream, in a format of the same contract.
      if (!response.write(format.line(step.value as never))) await drained(response, signal);
    }
    if (signal.aborted) return void response.destroy();
    start();
    response.end();
  } catch (thrown) {
    const { status, headers: problemHeaders, body } = problemOf(thrown);
    if (response.headersSent) return void response.destroy();
    response.writeHead(status, { ...headers, ...problemHeaders });
    response.end(body);
  } finally {
    await iterator.return?.();
  }
}
