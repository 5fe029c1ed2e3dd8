import { err, ok, type DomainError, type Result } from '#kernel';
import { sha256 } from './archives.ts';
import type { DownloadContext } from './download.ts';
import type { ChartRepository, FoundVersion } from './chart-repository.ts';
import { helmErrors } from './helm-errors.ts';
import { openHttpRepository } from './http-repository.ts';
import { openOciRepository } from './oci-repository.ts';

const SCHEMES = /^(https?|oci):\/\/[^/]/i;
const CHART_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,198}[A-Za-z0-9])?$/;

/** Opens a repository without contacting it. Its index or access token is kept as long as the repository. */
export function openRepository(address: string, context: DownloadContext): Result<ChartRepository, DomainError> {
  const [, scheme = ''] = SCHEMES.exec(address) ?? [];
  const isOci = scheme.toLowerCase() === 'oci';
  // URL does not normalize the host of a scheme that it does not know.
  const text = isOci ? address.replace(/^oci/i, 'https') : address;
  if (scheme === '' || address.length > 2_000 || !URL.canParse(text))
    return err(helmErrors.repositoryInvalid('is not a URL that begins with https:// or oci://'));
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    return err(helmErrors.repositoryInvalid('must not contain a user name or password'));
  if (url.search !== '' || url.hash !== '')
    return err(helmErrors.repositoryInvalid('must not contain a query or fragment'));
  const repository = isOci ? openOciRepository(url, context) : openHttpRepository(url, context);
  return ok({
    find: (chart, range) => whenNamed(chart, () => repository.find(chart, range)),
    archive: (chart, version, digest) => whenNamed(chart, () => repository.archive(chart, version, digest)),
  });
}

const whenNamed = async <T>(chart: string, work: () => Promise<Result<T, DomainError>>) =>
  CHART_NAME.test(chart) && !chart.includes('..') && !chart.includes('//')
    ? work()
    : err(helmErrors.chartNameInvalid());

/**
 * Downloads the archive of a version, and compares its digest.
 *
 * @param digest `sha256:` and hexadecimal digits. Absent: not compared
 */
export async function fetchArchive(
  repository: ChartRepository,
  chart: string,
  { version, digest }: FoundVersion,
): Promise<Result<Buffer, DomainError>> {
  const archive = await repository.archive(chart, version, digest);
  if (!archive.ok) return archive;
  return digest === undefined || digest === sha256(archive.value)
    ? archive
    : err(helmErrors.digestDiffers(chart, version));
}
