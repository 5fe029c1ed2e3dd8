import type { ServerResponse } from 'node:http';
import type { Clock, Json } from '#kernel';
import type { LogLine, PodLogs } from '../controller.ts';
import { isObject, type KubeObject } from '../store.ts';
import { sendStatus } from './send.ts';
import { badRequest, causes, failure, invalid } from './status.ts';
import type { ApiStatus } from '../controller.ts';
import { sendTooMany, type WatchLimit } from './watch.ts';
import type { WriteApi } from './write-api.ts';

interface LogParts {
  readonly api: WriteApi;
  readonly clock: Clock;
  readonly closing: AbortSignal;
  readonly logs?: PodLogs;
  /** A followed log counts as a watch. */
  readonly watches: WatchLimit;
}

/** Milliseconds between polls when the time of the next line is not known. */
const LOOK_AGAIN_MS = 1_000;

/** Streams the simulated log lines of a container (`pods/NAME/log`) as text. */
export function streamLogs(
  { api, clock, closing, logs, watches }: LogParts,
  { response, query }: { readonly response: ServerResponse; readonly query: URLSearchParams },
  namespace: string,
  name: string,
): void {
  const refused = logOptionsProblem(query, name);
  if (refused) return sendStatus(response, refused);
  const key = { resource: 'pods', namespace, name };
  const pod = api.store.get(key);
  if (!pod) return sendStatus(response, failure(404, 'NotFound', `pods "${name}" not found`, { name, kind: 'pods' }));
  const names = containersOf(pod);
  const container = query.get('container') ?? (names.length === 1 ? names[0] : undefined);
  if (container === undefined)
    return sendStatus(
      response,
      badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`),
    );
  if (!names.includes(container))
    return sendStatus(response, badRequest(`container ${container} is not valid for pod ${name}`));
  if (typeof pod.spec?.['nodeName'] !== 'string') {
    response.writeHead(204).end();
    return;
  }
  const previous = query.get('previous') === 'true';
  const waiting = waitingReason(pod, container);
  if (waiting !== undefined && !previous)
    return sendStatus(
      response,
      badRequest(`container "${container}" in pod "${name}" is waiting to start: ${waiting}`),
    );
  const isFollowed = query.get('follow') === 'true' && !previous;
  if (isFollowed && !watches.enter()) return sendTooMany(response);
  const source = logs ?? NO_LOGS;
  const withTimes = query.get('timestamps') === 'true';
  const since = query.get('sinceTime') ?? undefined;
  const sinceMs =
    since !== undefined
      ? Date.parse(since)
      : query.get('sinceSeconds') === null
        ? 0
        : clock.now() - Number(query.get('sinceSeconds')) * 1_000;
  const tail = query.get('tailLines');
  const text = ({ atMs, text: line }: LogLine) => `${withTimes ? `${new Date(atMs).toISOString()} ` : ''}${line}\n`;
  const all = source.lines(pod, container, { previous, nowMs: clock.now() }).filter(({ atMs }) => atMs >= sinceMs);
  const lines = tail === null ? all : all.slice(Math.max(0, all.length - Number(tail)));
  response.writeHead(200, { 'content-type': 'text/plain' });
  const limit = Number(query.get('limitBytes') ?? Number.POSITIVE_INFINITY);
  response.write(lines.map(text).join('').slice(0, limit));
  if (!isFollowed) {
    response.end();
    return;
  }
  response.flushHeaders();
  let seenMs = clock.now();
  let isOver = false;
  let timer = clock.timer(0, next);
  function next(): void {
    if (isOver) return;
    timer.cancel();
    const live = api.store.get(key);
    if (!live || live.metadata.uid !== pod?.metadata.uid) return end();
    const nowMs = clock.now();
    for (const line of source.lines(live, container as string, { previous: false, nowMs }))
      if (line.atMs > seenMs && line.atMs <= nowMs) response.write(text(line));
    seenMs = nowMs;
    timer = clock.timer(source.nextInMs(live, container as string, nowMs) ?? LOOK_AGAIN_MS, next);
  }
  function end(): void {
    if (isOver) return;
    isOver = true;
    timer.cancel();
    unsubscribe();
    watches.leave();
    closing.removeEventListener('abort', end);
    response.end();
  }
  // A deleted pod ends its log immediately, without waiting for the next line.
  const unsubscribe = api.store.subscribe(({ type, object }) => {
    if (type === 'DELETED' && object.metadata.uid === pod.metadata.uid) setImmediate(next);
  }, key.resource);
  closing.addEventListener('abort', end, { once: true });
  response.on('close', end);
}

const containersOf = (pod: KubeObject): string[] =>
  [...list(pod.spec?.['initContainers']), ...list(pod.spec?.['containers'])].flatMap((container) =>
    isObject(container) && typeof container['name'] === 'string' ? [container['name']] : [],
  );
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);

function waitingReason(pod: KubeObject, container: string): string | undefined {
  const status = list(pod.status?.['containerStatuses']).find(
    (entry) => isObject(entry) && entry['name'] === container,
  );
  if (!isObject(status)) return 'ContainerCreating';
  const waiting =
    isObject(status['state']) && isObject(status['state']['waiting'])
      ? status['state']['waiting']['reason']
      : undefined;
  const hasRun = typeof status['restartCount'] === 'number' && status['restartCount'] > 0;
  return typeof waiting === 'string' && !hasRun ? waiting : undefined;
}

const NO_LOGS: PodLogs = {
  lines: (pod, container, { nowMs }) => [
    {
      atMs: Math.min(nowMs, Date.parse(pod.metadata.creationTimestamp)),
      text: `sandbox: ${container} is simulated; no container runs`,
    },
  ],
  nextInMs: () => undefined,
};

const LEAST = { tailLines: 0, limitBytes: 1, sinceSeconds: 1 } as const;

/** Validates the options of a log request as a server does. */
function logOptionsProblem(query: URLSearchParams, name: string): ApiStatus | undefined {
  for (const option of ['sinceSeconds', 'tailLines', 'limitBytes'] as const) {
    const text = query.get(option);
    if (text !== null && !/^[-+]?\d+$/.test(text))
      return badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const since = query.get('sinceTime');
  if (since !== null && Number.isNaN(Date.parse(since)))
    return badRequest(
      `parsing time ${JSON.stringify(since)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(since)} as "2006"`,
    );
  const found = (['tailLines', 'limitBytes', 'sinceSeconds'] as const).flatMap((option) => {
    const [text, least] = [query.get(option), LEAST[option]];
    return text !== null && Number(text) < least
      ? [
          causes.invalid(
            option,
            Number(text),
            least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0',
          ),
        ]
      : [];
  });
  if (since !== null && query.get('sinceSeconds') !== null)
    found.push(causes.forbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  return found.length === 0 ? undefined : invalid({ kind: 'PodLogOptions', group: '' }, name, found);
}
