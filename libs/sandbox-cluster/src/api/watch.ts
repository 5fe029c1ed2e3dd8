import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, JsonObject } from '#kernel';
import { apiVersionOf, type ResourceData } from '#kubernetes/schemas';
import type { Change, KubeObject } from '../store.ts';
import { sendStatus } from './send.ts';
import { causes, failure, invalid } from './status.ts';
import type { WriteApi } from './write-api.ts';

/** Watches and followed logs that one sandbox keeps open; another one is told to come later. */
const MOST_WATCHES = 256;
const BOOKMARK_MS = 60_000;
const DEFAULT_SECONDS = 1_800;
/** A watch that lasts longer gets a last bookmark so long before its end. */
const FAREWELL_MS = 2_000;
/** A reader with so much unread is not written to until it has read. */
const UNREAD_BYTES = 256 * 1024;
const RETRY_SECONDS = 5;

export type WatchLimit = ReturnType<typeof watchLimit>;

/** Counts the open watches of a sandbox. */
export function watchLimit() {
  let open = 0;
  return {
    /** @returns whether there was room */
    enter: (): boolean => (open >= MOST_WATCHES ? false : ((open += 1), true)),
    leave: (): void => void (open -= 1),
  };
}

/** Says that there are as many open as there may be. */
export function sendTooMany(response: ServerResponse): void {
  response.setHeader('retry-after', String(RETRY_SECONDS));
  sendStatus(
    response,
    failure(429, 'TooManyRequests', `the sandbox keeps ${MOST_WATCHES} watches open at most`, {
      retryAfterSeconds: RETRY_SECONDS,
    }),
  );
}

export interface WatchParts {
  readonly api: WriteApi;
  readonly clock: Clock;
  readonly closing: AbortSignal;
  readonly watches: WatchLimit;
}

export interface WatchQuery {
  readonly resource: ResourceData;
  /** All namespaces when left out. */
  readonly namespace?: string;
  readonly matches: (object: KubeObject) => boolean;
  /** An object in the form that was asked for. */
  readonly show: (object: KubeObject, isFirst: boolean) => JsonObject;
}

/**
 * Streams changes of a collection, one JSON line each, until the time is over or the reader leaves. Nothing is queued for
 * a slow reader: it is served from the watch log at its own pace, and told 410 when the log no longer reaches back to it.
 */
export function streamChanges(
  { api, clock, closing, watches }: WatchParts,
  {
    request,
    response,
    query,
  }: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly query: URLSearchParams },
  { resource, namespace, matches, show }: WatchQuery,
): void {
  const asked = query.get('resourceVersion') ?? '';
  const refusal = refusedOptions(query, asked);
  if (refusal) return sendStatus(response, refusal);
  if (!watches.enter()) return sendTooMany(response);
  const name = api.keyOf({ resource, namespace: '', name: '' }).resource;
  const bookmarks = query.get('allowWatchBookmarks') === 'true' || query.get('allowWatchBookmarks') === '1';
  let isFirst = true;
  let isBlocked = false;
  let isOver = false;
  let isScheduled = false;
  // What was there at the beginning, then the log.
  let cursor = asked === '' || asked === '0' ? api.store.revision : Number(asked);
  const initial =
    asked === '' || asked === '0'
      ? api.store.list(name, namespace === undefined ? {} : { namespace }).filter(matches)
      : [];
  let next = 0;

  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();

  function write(type: string, object: JsonObject): void {
    isBlocked = !response.write(`${JSON.stringify({ type, object })}\n`) && response.writableLength > UNREAD_BYTES;
  }

  function tell(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    write(type, show(object, isFirst));
    isFirst = false;
  }

  function tellChange({ type, object, previous }: Change): void {
    const was = previous !== undefined && matches(previous);
    const is = type !== 'DELETED' && matches(object);
    if (is) tell(was ? 'MODIFIED' : 'ADDED', object);
    // What leaves the selection is sent as it last matched, with the revision of its leaving.
    else if (was && previous)
      tell('DELETED', {
        ...previous,
        metadata: { ...previous.metadata, resourceVersion: object.metadata.resourceVersion },
      });
  }

  function pump(): void {
    isScheduled = false;
    while (!isOver && !isBlocked && next < initial.length) {
      const object = initial[next++];
      if (object) tell('ADDED', object);
    }
    if (isOver || isBlocked) return;
    const missed = api.store.changesSince(name, cursor);
    if (missed === 'expired') {
      write('ERROR', failure(410, 'Expired', `too old resource version: ${cursor} (${api.store.revision})`));
      return end();
    }
    for (const change of missed) {
      if (isOver || isBlocked) return;
      cursor = change.revision;
      if (namespace === undefined || change.key.namespace === namespace) tellChange(change);
    }
  }

  /** Changes in other namespaces count too: they move the cursor on, which must not fall behind the log. */
  function wake(): void {
    if (isScheduled || isBlocked) return;
    isScheduled = true;
    setImmediate(pump);
  }

  /** Says up to where everything has been told; a change of this moment is told first. */
  function bookmark(): void {
    pump();
    if (isOver || isBlocked || next < initial.length) return;
    write('BOOKMARK', {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion: String(Math.max(cursor, api.store.revision)) },
    });
  }

  const unsubscribe = api.store.subscribe(wake, name);
  const seconds = Number(query.get('timeoutSeconds') ?? DEFAULT_SECONDS) || DEFAULT_SECONDS;
  const timeout = clock.timer(seconds * 1_000, () => {
    pump();
    end();
  });
  const farewell =
    seconds * 1_000 > FAREWELL_MS
      ? clock.timer(seconds * 1_000 - FAREWELL_MS, () => bookmarks && bookmark())
      : undefined;
  let beat = clock.timer(BOOKMARK_MS, ring);
  function ring(): void {
    if (bookmarks) bookmark();
    beat = clock.timer(BOOKMARK_MS, ring);
  }
  function end(): void {
    if (isOver) return;
    isOver = true;
    watches.leave();
    unsubscribe();
    timeout.cancel();
    beat.cancel();
    farewell?.cancel();
    closing.removeEventListener('abort', end);
    response.end();
  }
  response.on('drain', () => {
    isBlocked = false;
    pump();
  });
  closing.addEventListener('abort', end, { once: true });
  response.on('close', end);
  request.on('aborted', end);
  pump();
}

function refusedOptions(query: URLSearchParams, asked: string) {
  const initial = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch');
  const refuse = (field: string, why: string) =>
    invalid({ kind: 'ListOptions', group: 'meta.k8s.io' }, '', [causes.forbidden(field, why)]);
  if (initial === null && match !== null)
    return refuse(
      'resourceVersionMatch',
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
  if (initial !== null && match === null)
    return refuse('resourceVersionMatch', `sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`);
  // kubectl falls back to list and watch when this is refused.
  if (initial !== null)
    return refuse(
      'sendInitialEvents',
      'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
    );
  return asked !== '' && !/^\d+$/.test(asked)
    ? failure(
        500,
        '',
        `resourceVersion: Invalid value: ${JSON.stringify(asked)}: strconv.ParseUint: parsing ${JSON.stringify(asked)}: invalid syntax`,
      )
    : undefined;
}
