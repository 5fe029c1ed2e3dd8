import { err, ok, type DomainError, type Result } from '#kernel';
import { readIndex, type IndexedVersion } from './chart-index.ts';
import type { ChartRepository } from './chart-repository.ts';
import {
  basicAuthorization,
  download,
  hostKey,
  statusError,
  type Downloaded,
  type DownloadContext,
} from './download.ts';
import { helmErrors } from './helm-errors.ts';
import { ARCHIVE_TIMEOUT_MS, archiveName, MAX_ARCHIVE_BYTES, sha256 } from './archives.ts';
import { newestFirst, parseRange, selectVersion } from './version-range.ts';

const MAX_INDEX_BYTES = 20 * 1_048_576;
const INDEX_TIMEOUT_MS = 60_000;

/** Opens a repository with an index.yaml. @param address `https`; `http` for loopback only */
export function openHttpRepository(address: URL, context: DownloadContext): ChartRepository {
  const folder = new URL(`${address.origin}${address.pathname.replace(/\/*$/, '/')}`);
  let index: Promise<Result<string, DomainError>> | undefined;
  const versionsOf = async (chart: string) => {
    index ??= downloadIndex(folder, context);
    const text = await index;
    return text.ok ? versionsIn(text.value, chart, folder) : text;
  };
  return {
    async find(chart, range = '*') {
      const wanted = parseRange(range);
      if (!wanted) return err(helmErrors.versionInvalid(range));
      const versions = await versionsOf(chart);
      if (!versions.ok) return versions;
      const names = versions.value.map(({ version }) => version);
      const selected = selectVersion(names, range, wanted);
      const found = versions.value.find(({ version }) => version === selected);
      return found
        ? ok({ version: found.version, ...(found.digest !== undefined && { digest: found.digest }) })
        : err(helmErrors.versionUnknown(chart, range, newestFirst(names).slice(0, 3)));
    },
    async archive(chart, version) {
      const versions = await versionsOf(chart);
      if (!versions.ok) return versions;
      const found = versions.value.find((each) => each.version === version);
      return found ? downloadArchive(folder, chart, found, context) : err(helmErrors.archiveGone(chart, version));
    },
  };
}

/** The credential of the host is sent to the repository itself only, not to another host that its index names. */
async function get(
  folder: URL,
  request: { readonly url: URL; readonly what: string; readonly maxBytes: number; readonly timeoutMs: number },
  context: DownloadContext,
): Promise<Result<Downloaded, DomainError>> {
  const settings =
    request.url.origin === folder.origin ? await context.settingsOf(hostKey(folder), 'registry') : undefined;
  const authorization = basicAuthorization(settings);
  const response = await download({ ...request, authorization }, context);
  if (!response.ok || response.value.status === 200 || response.value.status === 404) return response;
  return err(statusError(response.value, authorization !== undefined));
}

async function downloadIndex(folder: URL, context: DownloadContext): Promise<Result<string, DomainError>> {
  const what = `The index of ${hostKey(folder)}`;
  const url = new URL('index.yaml', folder);
  const response = await get(folder, { url, what, maxBytes: MAX_INDEX_BYTES, timeoutMs: INDEX_TIMEOUT_MS }, context);
  if (!response.ok) return response;
  return response.value.status === 404
    ? err(helmErrors.indexInvalid(hostKey(folder), 'has no index.yaml'))
    : ok(response.value.body.toString('utf8'));
}

async function versionsIn(
  index: string,
  chart: string,
  folder: URL,
): Promise<Result<readonly IndexedVersion[], DomainError>> {
  const read = await readIndex(index, chart);
  switch (read.found) {
    case 'no-index':
      return err(helmErrors.indexInvalid(hostKey(folder), 'has an index.yaml that cannot be read'));
    case 'no-chart':
      return err(helmErrors.chartUnknown(chart, folder.href, read.nearest));
    case 'versions':
      return read.versions.length > 0 ? ok(read.versions) : err(helmErrors.chartUnknown(chart, folder.href));
  }
}

async function downloadArchive(
  folder: URL,
  chart: string,
  { version, urls: [first = ''], digest }: IndexedVersion,
  context: DownloadContext,
): Promise<Result<Buffer, DomainError>> {
  const url = URL.canParse(first, folder.href) ? new URL(first, folder) : undefined;
  if (!url || url.username !== '' || url.password !== '')
    return err(helmErrors.indexInvalid(hostKey(folder), `has no usable URL for chart ${chart} ${version}`));
  const response = await get(
    folder,
    { url, what: archiveName(chart, version), maxBytes: MAX_ARCHIVE_BYTES, timeoutMs: ARCHIVE_TIMEOUT_MS },
    context,
  );
  if (!response.ok) return response;
  if (response.value.status === 404) return err(helmErrors.archiveGone(chart, version));
  return digest === undefined || digest === sha256(response.value.body)
    ? ok(response.value.body)
    : err(helmErrors.indexDigestDiffers(chart, version));
}
