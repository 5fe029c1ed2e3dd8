import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, JsonObject, Timer } from '#kernel';
import { apiVersionOf, type ResourceData } from '#kubernetes/schemas';
import type { Change, KubeObject } from '../store.ts';
import { sendStatus } from './send.ts';
import { causes, failure, invalid } from './status.ts';
import type { WriteApi } from './write-api.ts';

/** Maximum number of open watches and followed logs of one sandbox. More are refused with a request to retry. */
const MOST_WATCHES = 256;
const BOOKMARK_MS = 60_000;
const DEFAULT_SECONDS = 1_800;
/** Milliseconds before its end at which a longer watch sends its last bookmark. */
const FAREWELL_MS = 2_000;
/** Unsent bytes above which nothing is written until the client has read. */
const UNREAD_BYTES = 256 * 1024;
const RETRY_SECONDS = 5;

export type WatchLimit = ReturnType<typeof watchLimit>;

/** Counts the open watches of a sandbox. */
export function watchLimit() {
  let open = 0;
  return {
    /** @returns whether another watch may be opened */
    enter: (): boolean => (open >= MOST_WATCHES ? false : ((open += 1), true)),
    leave: (): void => void (open -= 1),
  };
}

/** Responds that the maximum number of watches is open. */
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
  /** All namespaces by default. */
  readonly namespace?: string;
  readonly matches: (object: KubeObject) => boolean;
  /** Formats an object as the request accepts it. */
  readonly show: (object: KubeObject, isFirst: boolean) => JsonObject;
}

/** Client of a watch, and its request options. */
interface Reader {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
}

/**
 * Streams changes of a collection, one JSON line each, until the timeout or until the client disconnects. Nothing is
 * queued for a slow client: it reads from the watch log at its own pace, and gets 410 when the log no longer contains
 * its position.
 */
export function streamChanges(parts: WatchParts, reader: Reader, watched: WatchQuery): void {
  const { query, response } = reader;
  const refusal = refusedOptions(query, query.get('resourceVersion') ?? '');
  if (refusal) return sendStatus(response, refusal);
  if (!parts.watches.enter()) return sendTooMany(response);
  new Watch(parts, reader, watched).start();
}

class Watch {
  private readonly name: string;
  private readonly wantsBookmarks: boolean;
  /** Objects at the start, which are sent before the log. */
  private readonly initial: readonly KubeObject[];
  private next = 0;
  private cursor: number;
  private isFirst = true;
  private isBlocked = false;
  private isOver = false;
  private isScheduled = false;
  private readonly timers = new Set<Timer>();
  private beat: Timer | undefined;
  private unsubscribe = () => {};

  constructor(
    private readonly parts: WatchParts,
    private readonly reader: Reader,
    private readonly watched: WatchQuery,
  ) {
    const { api } = parts;
    const { resource, namespace, matches } = watched;
    const asked = reader.query.get('resourceVersion') ?? '';
    const fromNow = asked === '' || asked === '0';
    this.name = api.keyOf({ resource, namespace: '', name: '' }).resource;
    this.wantsBookmarks = ['true', '1'].includes(reader.query.get('allowWatchBookmarks') ?? '');
    this.cursor = fromNow ? api.store.revision : Number(asked);
    this.initial = fromNow
      ? api.store.list(this.name, namespace === undefined ? {} : { namespace }).filter(matches)
      : [];
  }

  start(): void {
    const { api, clock, closing } = this.parts;
    const { request, response, query } = this.reader;
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    this.unsubscribe = api.store.subscribe(() => this.wake(), this.name);
    const lastsMs = (Number(query.get('timeoutSeconds') ?? DEFAULT_SECONDS) || DEFAULT_SECONDS) * 1_000;
    this.timers.add(
      clock.timer(lastsMs, () => {
        this.pump();
        this.end();
      }),
    );
    if (this.wantsBookmarks) {
      if (lastsMs > FAREWELL_MS) this.timers.add(clock.timer(lastsMs - FAREWELL_MS, () => this.bookmark()));
      this.beat = clock.timer(BOOKMARK_MS, () => this.ring());
    }
    response.on('drain', () => {
      this.isBlocked = false;
      this.pump();
    });
    closing.addEventListener('abort', this.end, { once: true });
    response.on('close', this.end);
    request.on('aborted', this.end);
    this.pump();
  }

  private write(type: string, object: JsonObject): void {
    const { response } = this.reader;
    this.isBlocked = !response.write(`${JSON.stringify({ type, object })}\n`) && response.writableLength > UNREAD_BYTES;
  }

  private tell(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    this.write(type, this.watched.show(object, this.isFirst));
    this.isFirst = false;
  }

  private tellChange({ type, object, previous }: Change): void {
    const { matches } = this.watched;
    const was = previous !== undefined && matches(previous);
    const is = type !== 'DELETED' && matches(object);
    if (is) this.tell(was ? 'MODIFIED' : 'ADDED', object);
    // An object that leaves the selection is sent as it last matched, with the revision of the change.
    else if (was && previous) {
      const { resourceVersion } = object.metadata;
      this.tell('DELETED', { ...previous, metadata: { ...previous.metadata, resourceVersion } });
    }
  }

  private pump(): void {
    const { store } = this.parts.api;
    const { namespace } = this.watched;
    this.isScheduled = false;
    while (!this.isOver && !this.isBlocked && this.next < this.initial.length) {
      const object = this.initial[this.next++];
      if (object) this.tell('ADDED', object);
    }
    if (this.isOver || this.isBlocked) return;
    const missed = store.changesSince(this.name, this.cursor);
    if (missed === 'expired') {
      this.write('ERROR', failure(410, 'Expired', `too old resource version: ${this.cursor} (${store.revision})`));
      return this.end();
    }
    for (const change of missed) {
      if (this.isOver || this.isBlocked) return;
      this.cursor = change.revision;
      if (namespace === undefined || change.key.namespace === namespace) this.tellChange(change);
    }
  }

  /** Changes in other namespaces also advance the cursor, which must stay within the log. */
  private wake(): void {
    if (this.isScheduled || this.isBlocked) return;
    this.isScheduled = true;
    setImmediate(() => this.pump());
  }

  /** Sends a bookmark at the current revision, after any change that is not sent yet. */
  private bookmark(): void {
    this.pump();
    if (this.isOver || this.isBlocked || this.next < this.initial.length) return;
    const { resource } = this.watched;
    this.write('BOOKMARK', {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion: String(Math.max(this.cursor, this.parts.api.store.revision)) },
    });
  }

  private ring(): void {
    this.bookmark();
    if (!this.isOver) this.beat = this.parts.clock.timer(BOOKMARK_MS, () => this.ring());
  }

  private readonly end = (): void => {
    if (this.isOver) return;
    this.isOver = true;
    this.parts.watches.leave();
    this.unsubscribe();
    for (const timer of this.timers) timer.cancel();
    this.beat?.cancel();
    this.parts.closing.removeEventListener('abort', this.end);
    this.reader.response.end();
  };
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
