import type { ServerResponse } from 'node:http';
import type { Clock } from '#kernel';
import type { Problem } from './problem.ts';

const HEARTBEAT_MS = 15_000;
/** If a stream was not rejected within this time, it is considered open. */
const OPEN_MS = 500;

export interface EventStreamOptions {
  readonly items: AsyncIterable<unknown>;
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** Aborts when the client disconnects or the server shuts down. */
  readonly signal: AbortSignal;
  /** Returns the problem document for what `items` threw. */
  readonly problemOf: (thrown: unknown) => Problem;
}

/**
 * Sends items as server-sent events: `id` is the item's position, and comments keep the connection alive. An error
 * before the first item is sent as a problem with its status; a later one as a last event `problem`.
 */
export async function sendEvents({
  items,
  response,
  headers,
  clock,
  signal,
  problemOf,
}: EventStreamOptions): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  let open = false;
  const start = (): void => {
    if (open || signal.aborted) return;
    open = true;
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    });
    response.write(': open\n\n');
    sendHeartbeat();
  };
  let timer = clock.timer(OPEN_MS, start);
  const sendHeartbeat = (): void => {
    timer.cancel();
    timer = clock.timer(HEARTBEAT_MS, () => {
      response.write(': alive\n\n');
      sendHeartbeat();
    });
  };
  try {
    for (;;) {
      const step = await iterator.next();
      if (signal.aborted) break;
      start();
      if (step.done) break;
      if (!response.write(eventText(step.value))) await drained(response, signal);
    }
  } catch (thrown) {
    if (!signal.aborted) {
      const { status, headers: problemHeaders, body } = problemOf(thrown);
      if (open) response.write(`event: problem\ndata: ${body}\n\n`);
      else {
        response.writeHead(status, { ...headers, ...problemHeaders });
        response.write(body);
      }
    }
  } finally {
    timer.cancel();
    await iterator.return?.();
    if (!response.writableEnded) response.end();
  }
}

/** Returns the position after an item, for `after` and `Last-Event-ID`. */
const placeOf = (item: unknown): string | undefined =>
  typeof item === 'object' && item !== null && 'position' in item && typeof item.position === 'string'
    ? item.position
    : undefined;

/** Returns the cursor of the next page, if an item of a stream is only that. */
export const nextOf = (item: unknown): string | undefined =>
  typeof item === 'object' && item !== null && 'next' in item && typeof item.next === 'string' ? item.next : undefined;

/** Formats an event. JSON contains no line breaks, so one data line suffices. */
function eventText(item: unknown): string {
  const place = placeOf(item);
  const id = place === undefined ? '' : `id: ${place.replace(/[\r\n\0]/g, '')}\n`;
  return `${id}data: ${JSON.stringify(item)}\n\n`;
}

/** Resolves when a response accepts more, or the signal aborts. */
export function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      response.off('drain', end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    response.on('drain', end);
    signal.addEventListener('abort', end, { once: true });
  });
}

/**
 * Collects the items of a stream for one response.
 *
 * @param pageItems requested number of items, or NaN if unlimited. If reached, `next` is the position of the last item.
 * @returns the items, or undefined if they exceed `limitBytes`. A last item `{ next }` is the cursor of the next page.
 */
export async function gather(
  items: AsyncIterable<unknown>,
  limitBytes: number,
  pageItems: number,
): Promise<string | undefined> {
  const parts: string[] = [];
  let bytes = 0;
  let place: string | undefined;
  for await (const item of items) {
    place = placeOf(item);
    const cursor = nextOf(item);
    if (cursor !== undefined) return `{"items":[${parts.join(',')}],"next":${JSON.stringify(cursor)}}`;
    const text = JSON.stringify(item);
    bytes += text.length;
    if (bytes > limitBytes) return undefined;
    parts.push(text);
  }
  const next = parts.length === pageItems && place !== undefined ? `,"next":${JSON.stringify(place)}` : '';
  return `{"items":[${parts.join(',')}]${next}}`;
}
