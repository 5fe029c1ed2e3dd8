import { z } from 'zod';
import { hostFromUrl, isLoopback } from '#egress';
import { err, ok, type DomainError, type Result } from '#kernel';
import { ARCHIVE_TIMEOUT_MS, archiveName, MAX_ARCHIVE_BYTES } from './archives.ts';
import type { ChartRepository } from './chart-repository.ts';
import { download, hostKey, statusError, tooLargeError, type Downloaded, type DownloadContext } from './download.ts';
import { helmErrors } from './helm-errors.ts';
import { authorizeAt } from './oci-authorization.ts';
import { isCompleteVersion, newestFirst, parseRange, selectVersion } from './version-range.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CHART_LAYER = /^application\/(?:vnd\.cncf\.helm\.chart\.content\.v1\.tar\+gzip|tar\+gzip)$/;
const NAME = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const MAX_JSON_BYTES = 4 * 1_048_576;
const MAX_PAGES = 20;
const TIMEOUT_MS = 30_000;
/** Codes of a registry on loopback that may use plain http. */
const WITHOUT_TLS: ReadonlySet<string> = new Set(['sources/tls-failed', 'sources/unreachable']);

const tagsSchema = z.object({ tags: z.array(z.string().max(200)).nullish() });
const manifestSchema = z.object({
  layers: z
    .array(z.object({ mediaType: z.string(), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/), size: z.number() }))
    .max(100),
});

interface Request {
  readonly path: string;
  readonly what: string;
  readonly accept?: string;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** Tags cannot contain `+`, so helm writes `_` for it. */
const tagOf = (version: string): string => version.replaceAll('+', '_');
const versionOf = (tag: string): string => tag.replaceAll('_', '+');

/**
 * Opens a folder of repositories in a registry (OCI Distribution Specification 1.1), each of which has the versions of
 * one chart as tags. A registry on loopback may use plain http.
 *
 * @param address with https instead of oci
 */
export const openOciRepository = (address: URL, context: DownloadContext): ChartRepository =>
  new OciRepository(address, context);

class OciRepository implements ChartRepository {
  private base: Promise<URL> | undefined;
  /** Header of the requests for each chart. */
  private readonly authorizations = new Map<string, string>();

  constructor(
    private readonly address: URL,
    private readonly context: DownloadContext,
  ) {}

  async find(chart: string, range = '*'): ReturnType<ChartRepository['find']> {
    const name = this.nameOf(chart);
    const wanted = parseRange(range);
    if (!wanted) return err(helmErrors.versionInvalid(range));
    if (!NAME.test(name)) return err(helmErrors.chartUnknown(chart, this.shown));
    // The list of tags may be long, and is not needed for one version.
    const exact = isCompleteVersion(range) ? await this.layer(chart, range) : undefined;
    if (exact && (!exact.ok || exact.value !== undefined))
      return exact.ok ? ok({ version: range, ...(exact.value && { digest: exact.value }) }) : exact;
    const tags = await this.tags(chart);
    if (!tags.ok) return tags;
    const versions = newestFirst(tags.value.map(versionOf));
    const version = selectVersion(versions, range, wanted);
    if (version === undefined)
      return err(
        versions.length === 0
          ? helmErrors.chartUnknown(chart, this.shown)
          : helmErrors.versionUnknown(chart, range, versions.slice(0, 3)),
      );
    const digest = await this.layer(chart, version);
    if (!digest.ok) return digest;
    return digest.value === undefined
      ? err(helmErrors.archiveGone(chart, version))
      : ok({ version, digest: digest.value });
  }

  async archive(chart: string, version: string, known: string | undefined): ReturnType<ChartRepository['archive']> {
    const digest = known === undefined ? await this.layer(chart, version) : ok(known);
    if (!digest.ok) return digest;
    if (digest.value === undefined) return err(helmErrors.archiveGone(chart, version));
    const response = await this.get(chart, {
      path: `blobs/${digest.value}`,
      what: archiveName(chart, version),
      maxBytes: MAX_ARCHIVE_BYTES,
      timeoutMs: ARCHIVE_TIMEOUT_MS,
    });
    if (!response.ok) return response;
    return response.value.status === 404 ? err(helmErrors.archiveGone(chart, version)) : ok(response.value.body);
  }

  private get shown(): string {
    return `oci://${this.address.host}${this.address.pathname}`;
  }

  /** Name of the repository in the registry. */
  private nameOf = (chart: string): string => `${this.address.pathname}/${chart}`.replace(/\/+/g, '/').slice(1);

  /** @returns the digest of the archive; undefined if the registry has no such version */
  private async layer(chart: string, version: string): Promise<Result<string | undefined, DomainError>> {
    const tag = tagOf(version);
    if (!TAG.test(tag)) return ok(undefined);
    const what = `The manifest of chart ${chart} ${version}`;
    const response = await this.get(chart, {
      path: `manifests/${tag}`,
      what,
      accept: MANIFEST,
      maxBytes: MAX_JSON_BYTES,
      timeoutMs: TIMEOUT_MS,
    });
    if (!response.ok) return response;
    if (response.value.status === 404) return ok(undefined);
    const manifest = manifestSchema.safeParse(jsonOf(response.value.body));
    const layer = manifest.data?.layers.find(({ mediaType }) => CHART_LAYER.test(mediaType));
    if (!layer) return err(helmErrors.notAChart(`${this.shown}/${chart}:${tag}`, 'it has no archive of a chart'));
    return layer.size > MAX_ARCHIVE_BYTES
      ? err(tooLargeError(archiveName(chart, version), MAX_ARCHIVE_BYTES))
      : ok(layer.digest);
  }

  private async tags(chart: string): Promise<Result<readonly string[], DomainError>> {
    const tags: string[] = [];
    let path: string | undefined = 'tags/list?n=1000';
    for (let page = 0; path !== undefined && page < MAX_PAGES; page++) {
      const what = `The list of versions of chart ${chart}`;
      const response = await this.get(chart, { path, what, maxBytes: MAX_JSON_BYTES, timeoutMs: TIMEOUT_MS });
      if (!response.ok) return response;
      if (response.value.status === 404) return err(helmErrors.chartUnknown(chart, this.shown));
      const read = tagsSchema.safeParse(jsonOf(response.value.body));
      if (!read.success) return err(helmErrors.indexInvalid(hostKey(this.address), 'has a list that cannot be read'));
      tags.push(...(read.data.tags ?? []));
      const query = /<[^>]*\/tags\/list(\?[^>]*)>\s*;\s*rel="?next"?/.exec(String(response.value.headers['link']))?.[1];
      path = query === undefined ? undefined : `tags/list${query}`;
    }
    return ok(tags);
  }

  /** Sends a request, again with an authorization if the registry asks for one. */
  private async get(chart: string, { path, ...request }: Request): Promise<Result<Downloaded, DomainError>> {
    this.base ??= baseOf(this.address, this.context);
    const base = await this.base;
    const name = this.nameOf(chart);
    const url = new URL(`/v2/${name}/${path}`, base);
    const send = () => download({ ...request, url, authorization: this.authorizations.get(name) }, this.context);
    let response = await send();
    // Only the registry itself may ask for a credential, and not a host to which it redirects.
    if (response.ok && response.value.status === 401 && response.value.url.origin === base.origin) {
      const challenge = String(response.value.headers['www-authenticate']);
      const authorization = await authorizeAt({ registry: base, name, challenge }, this.context);
      if (!authorization.ok) return authorization;
      this.authorizations.set(name, authorization.value);
      response = await send();
    }
    if (!response.ok || response.value.status === 200 || response.value.status === 404) return response;
    return err(statusError(response.value, this.authorizations.has(name)));
  }
}

/** Registries on loopback are often without TLS, as for docker: http is used if https fails. */
async function baseOf(address: URL, context: DownloadContext): Promise<URL> {
  const https = new URL(address.origin);
  const host = hostFromUrl(https.hostname);
  if (host !== 'localhost' && !isLoopback(host)) return https;
  const request = {
    url: new URL('/v2/', https),
    what: 'The registry',
    maxBytes: MAX_JSON_BYTES,
    timeoutMs: TIMEOUT_MS,
  };
  const response = await download(request, context);
  return !response.ok && WITHOUT_TLS.has(response.error.code)
    ? new URL(`http://${https.hostname}:${https.port || '80'}`)
    : https;
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined; // reported as a manifest or list that cannot be read
  }
}
