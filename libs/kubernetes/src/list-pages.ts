import type { Clock } from '#kernel';
import { MAX_RESPONSE_BYTES } from './response-limits.ts';
import {
  KubernetesApiError,
  KubernetesUnreachableError,
  type ClientCallOptions,
  type ListOptions,
  type ObjectList,
} from './client.ts';
import { apiVersionOf, at, isKubernetesObject, isRecord, list, number, text } from './objects.ts';
import type { KubernetesObject, ResourceType } from './objects.ts';
import { pathOf, queryOf } from './paths.ts';
import { jsonOf } from './status.ts';

/** Sends one GET with rate limit and retries. Resolves with the body. */
export type Get = (
  path: string,
  options: ClientCallOptions & { readonly maxBytes: number },
  headers?: Readonly<Record<string, string>>,
) => Promise<string>;

export interface ListParts {
  readonly get: Get;
  readonly clock: Clock;
  readonly defaultDeadlineMs: number;
}

const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const MAX_LIST_RESTARTS = 2;

/**
 * Implements `KubernetesClient.list`. Deadline and size limit apply to all pages together, so that a list cannot be
 * endless.
 */
export async function listPages(parts: ListParts, type: ResourceType, options: ListOptions): Promise<ObjectList> {
  const { clock, defaultDeadlineMs } = parts;
  const deadlineAt = clock.monotonic() + (options.deadlineMs ?? defaultDeadlineMs);
  for (let restarts = 0; ; restarts++) {
    try {
      return await pagesOf(parts, type, options, deadlineAt);
    } catch (error) {
      const isExpired = error instanceof KubernetesApiError && error.status === 410;
      if (!isExpired || restarts >= MAX_LIST_RESTARTS) throw error;
    }
  }
}

async function pagesOf(
  { get, clock }: ListParts,
  type: ResourceType,
  {
    namespace,
    labelSelector,
    fieldSelector,
    pageSize = 100,
    most = Number.POSITIVE_INFINITY,
    maxBytes = MAX_RESPONSE_BYTES.list,
    signal,
  }: ListOptions,
  deadlineAt: number,
): Promise<ObjectList> {
  const items: KubernetesObject[] = [];
  let limit = Math.min(pageSize, most);
  let bytes = 0;
  let next: string | undefined;
  for (;;) {
    const path = pathOf(type, { namespace }) + queryOf({ labelSelector, fieldSelector, limit, continue: next });
    const deadlineMs = deadlineAt - clock.monotonic();
    let body: string;
    try {
      body = await get(path, { maxBytes: MAX_RESPONSE_BYTES.object, deadlineMs, ...(signal && { signal }) });
    } catch (error) {
      if (!isTooLarge(error) || limit === 1) throw error;
      limit = Math.ceil(limit / 10); // smaller pages for large objects
      continue;
    }
    bytes += body.length;
    if (bytes > maxBytes)
      throw new KubernetesUnreachableError(
        'too-large',
        `The list of ${type.resource} has more than ${maxBytes} bytes.`,
        false,
      );
    const page = jsonOf(body);
    const resourceVersion = text(at(page, 'metadata', 'resourceVersion')) ?? '';
    if (!Array.isArray(at(page, 'items')))
      throw new KubernetesUnreachableError('malformed', 'The server returned a list without items.', false);
    // Items of a list have no apiVersion and kind of their own.
    for (const item of list(at(page, 'items'))) {
      const object = isRecord(item) ? { ...item, apiVersion: apiVersionOf(type), kind: type.kind } : item;
      if (isKubernetesObject(object)) items.push(object);
    }
    next = text(at(page, 'metadata', 'continue'));
    if (next === undefined || next === '' || items.length >= most) return { items, resourceVersion };
  }
}

const isTooLarge = (error: unknown): boolean =>
  error instanceof KubernetesUnreachableError && error.why === 'too-large';

/** Implements `KubernetesClient.count`: a page of one item contains the number of the remaining ones. */
export async function countObjects(parts: ListParts, type: ResourceType, options: ClientCallOptions): Promise<number> {
  const path = pathOf(type, {}) + queryOf({ limit: 1 });
  const page = jsonOf(
    await parts.get(path, { ...options, maxBytes: MAX_RESPONSE_BYTES.small }, { accept: METADATA_ONLY }),
  );
  const counted = list(at(page, 'items')).length;
  const remaining = number(at(page, 'metadata', 'remainingItemCount'));
  if (remaining !== undefined) return counted + remaining;
  const isAll = (text(at(page, 'metadata', 'continue')) ?? '') === '';
  return isAll ? counted : (await listPages(parts, type, options)).items.length;
}
