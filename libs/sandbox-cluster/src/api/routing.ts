import type { ResourceData, Schemas } from '#kubernetes/schemas';

/** Endpoint that a path addresses. */
export interface Place {
  readonly resource: ResourceData;
  readonly namespace: string;
  readonly name: string | undefined;
  readonly subresource: string;
  /** Whether the path is a collection across all namespaces. */
  readonly everywhere: boolean;
}

/** Subresources of a namespace. Every other segment after a namespace's name is a collection in it. */
const OF_NAMESPACES = new Set(['status', 'finalize']);

/**
 * Parses a path.
 * @returns undefined if no endpoint is served there
 */
export function placeOf(schemas: Schemas, path: string): Place | undefined {
  const [, core, group, groupVersion, rest] = /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))\/(.+)$/.exec(path) ?? [];
  const parts = decoded((rest ?? '').split('/'));
  if (!parts || parts.includes('')) return undefined;
  const within =
    parts[0] === 'namespaces' && parts.length > 2 && !OF_NAMESPACES.has(parts[2] ?? '') ? parts[1] : undefined;
  const [plural, name, subresource = '', ...more] = within === undefined ? parts : parts.slice(2);
  const resource = plural === undefined ? undefined : schemas.resource(group ?? '', core ?? groupVersion ?? '', plural);
  if (!resource || more.length > 0 || (within !== undefined && !resource.namespaced)) return undefined;
  if (resource.namespaced && within === undefined && name !== undefined) return undefined;
  return {
    resource,
    namespace: within ?? '',
    name,
    subresource,
    everywhere: resource.namespaced && within === undefined,
  };
}

function decoded(parts: readonly string[]): string[] | undefined {
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return undefined; // an invalid percent-encoding matches no endpoint
  }
}

/** Returns the verb of a request, as used in access rules. */
export function verbOf(
  method: string,
  name: string | undefined,
  { isWatch, subresource }: { readonly isWatch: boolean; readonly subresource: string },
): string | undefined {
  switch (method) {
    case 'GET':
      return isWatch ? 'watch' : name === undefined ? 'list' : 'get';
    case 'POST':
      return name === undefined ||
        ['token', 'eviction', 'binding', 'exec', 'attach', 'portforward', 'proxy'].includes(subresource)
        ? 'create'
        : undefined;
    case 'PUT':
      return name === undefined ? undefined : 'update';
    case 'PATCH':
      return name === undefined ? undefined : 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : subresource === '' ? 'delete' : undefined;
    default:
      return undefined;
  }
}
