import type { Clock } from '#kernel';
import { MAX_RESPONSE_BYTES } from './response-limits.ts';
import type { ApiCalls } from './api-calls.ts';
import type { ClientCallOptions, Discovery } from './client.ts';
import { discoveryOf, typesOfAggregated, typesOfResourceList } from './discovery.ts';
import { at, list, text, type ResourceType } from './objects.ts';
import { jsonOf } from './status.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
/** Minimum bytes that one discovery document counts, since many empty documents take time too. */
const MIN_BYTES = 4 * 1024;

interface Discovered {
  readonly at: number;
  readonly etags: readonly (string | undefined)[];
  readonly parts: readonly (readonly ResourceType[])[];
  readonly discovery: Discovery;
}

/** Caches the kinds that a server serves, and revalidates them with ETags. */
export class DiscoveryCache {
  private discovered: Discovered | undefined;

  constructor(
    private readonly calls: ApiCalls,
    private readonly clock: Clock,
  ) {}

  async get(maxAgeMs: number, options: ClientCallOptions): Promise<Discovery> {
    const { discovered, clock } = this;
    if (discovered && clock.monotonic() - discovered.at < maxAgeMs) return discovered.discovery;
    const responses = await Promise.all(
      (['/api', '/apis'] as const).map((path, index) => this.document(path, discovered?.etags[index], options)),
    );
    const parts = responses.map((part, index) => part?.types ?? discovered?.parts[index] ?? []);
    const etags = responses.map((part, index) => (part ? part.etag : discovered?.etags[index]));
    const changed = !discovered || responses.some((part) => part !== undefined);
    this.discovered = {
      at: clock.monotonic(),
      etags,
      parts,
      discovery: changed || !discovered ? discoveryOf(parts.flat()) : discovered.discovery,
    };
    return this.discovered.discovery;
  }

  /**
   * Fetches one of the two discovery documents.
   * @returns its kinds; undefined if nothing changed since `etag`
   */
  private async document(
    path: '/api' | '/apis',
    etag: string | undefined,
    options: ClientCallOptions,
  ): Promise<{ readonly types: readonly ResourceType[]; readonly etag: string | undefined } | undefined> {
    const response = await this.calls.call(
      {
        method: 'GET',
        path,
        headers: { accept: AGGREGATED, ...(etag !== undefined && { 'if-none-match': etag }) },
        idempotent: true,
        accept304: true,
      },
      { ...options, maxBytes: MAX_RESPONSE_BYTES.discovery },
    );
    if (response.status === 304) return undefined;
    const document = jsonOf(response.body);
    const next = text(response.headers.etag);
    if (at(document, 'kind') === 'APIGroupDiscoveryList') return { types: typesOfAggregated(document), etag: next };
    const types: ResourceType[] = [];
    let maxBytes: number = MAX_RESPONSE_BYTES.discovery;
    for (const entry of versionsIn(path, document)) {
      const resources = await this.calls.call(
        { method: 'GET', path: entry.path, idempotent: true },
        { ...options, maxBytes },
      );
      maxBytes -= Math.max(resources.body.length, MIN_BYTES);
      types.push(...typesOfResourceList(jsonOf(resources.body), entry.group, entry.version));
    }
    return { types, etag: undefined };
  }
}

/** Returns group, version, and path of each resource list, with the preferred version of a group first. */
function versionsIn(
  path: '/api' | '/apis',
  document: unknown,
): readonly { readonly group: string; readonly version: string; readonly path: string }[] {
  if (path === '/api')
    return list(at(document, 'versions')).map((version) => ({
      group: '',
      version: String(version),
      path: `/api/${String(version)}`,
    }));
  return list(at(document, 'groups')).flatMap((group) => {
    const preferred = at(group, 'preferredVersion', 'version');
    const all = list(at(group, 'versions')).map((entry) => String(at(entry, 'version')));
    return [...all.filter((version) => version === preferred), ...all.filter((version) => version !== preferred)].map(
      (version) => ({
        group: String(at(group, 'name')),
        version,
        path: `/apis/${String(at(group, 'name'))}/${version}`,
      }),
    );
  });
}
