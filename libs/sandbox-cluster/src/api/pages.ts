import { err, ok, type JsonObject, type Result } from '#kernel';
import { apiVersionOf, type ResourceData } from '#kubernetes/schemas';
import type { ApiStatus } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { badRequest, failure } from './status.ts';

export interface Page {
  readonly items: readonly KubeObject[];
  readonly metadata: JsonObject;
}

const orderOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/**
 * Returns one page of a sorted list, with a continue token if there is more. Later pages contain current objects, but
 * have the resourceVersion of the first page.
 */
export function pageOf(
  found: readonly KubeObject[],
  query: URLSearchParams,
  revision: number,
): Result<Page, ApiStatus> {
  const asked = query.get('resourceVersion') ?? '';
  if (asked !== '' && !/^\d+$/.test(asked))
    return err(
      badRequest(
        `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(asked)}: strconv.ParseUint: parsing ${JSON.stringify(asked)}: invalid syntax`,
      ),
    );
  if (Number(asked) > revision) return err(tooLarge(Number(asked), revision));
  const limit = Math.max(0, Number(query.get('limit') ?? 0) || 0);
  const token = query.get('continue') ?? '';
  let start = 0;
  let from = String(revision);
  if (token !== '') {
    const read = readToken(token);
    if (typeof read === 'string') return err(badRequest(`invalid continue token: continue key is not valid: ${read}`));
    if (asked !== '' && asked !== '0')
      return err(badRequest('specifying resource version is not allowed when using continue'));
    start = firstAfter(found, read.start);
    from = read.rv;
  }
  const rest = found.slice(start);
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const last = items.at(-1);
  const more = rest.length - items.length;
  const isSelected = (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== '';
  return ok({
    items,
    metadata: {
      resourceVersion: from,
      ...(more > 0 &&
        last && {
          continue: Buffer.from(
            JSON.stringify({ v: 'meta.k8s.io/v1', rv: Number(from), start: `${orderOf(last)}\u0000` }),
          ).toString('base64url'),
          ...(!isSelected && { remainingItemCount: more }),
        }),
    },
  });
}

/** Returns the refusal of a list at a resourceVersion that does not exist yet. */
const tooLarge = (asked: number, current: number): ApiStatus =>
  failure(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });

/**
 * Decodes a continue token.
 * @returns its content, or the error text
 */
function readToken(token: string): { readonly rv: string; readonly start: string } | string {
  const strange = /[^\w-]/.exec(token.replace(/=+$/, ''));
  if (strange) return `illegal base64 data at input byte ${strange.index}`;
  const bytes = Buffer.from(token, 'base64url');
  try {
    const read = JSON.parse(bytes.toString('utf8')) as { v?: unknown; rv?: unknown; start?: unknown };
    if (read.v !== 'meta.k8s.io/v1' || typeof read.rv !== 'number' || typeof read.start !== 'string')
      return 'server does not recognize this encoded version';
    return { rv: String(read.rv), start: read.start.replace(/\u0000$/, '') };
  } catch {
    const first = bytes[0] ?? 0;
    return `invalid character '${first < 128 ? String.fromCharCode(first) : `\\u${first.toString(16).padStart(4, '0')}`}' looking for beginning of value`;
  }
}

function firstAfter(found: readonly KubeObject[], start: string): number {
  const [space = '', name = ''] = start.split('/');
  const isAfter = ({ metadata }: KubeObject) =>
    ((other) => other > space || (other === space && metadata.name > name))(metadata.namespace ?? '');
  let [low, high] = [0, found.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const object = found[middle];
    if (object && isAfter(object)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Returns a list of a kind. Items have no kind of their own. */
export function listOf(resource: ResourceData, items: readonly KubeObject[], metadata: JsonObject): JsonObject {
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata: resource.custom ? { continue: '', ...metadata } : metadata,
    items: resource.custom ? [...items] : items.map(({ apiVersion: _version, kind: _kind, ...item }) => item),
  };
}

/** Returns an object's metadata, for clients that accept only metadata. */
export const partialOf = ({ metadata }: KubeObject): JsonObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
});
