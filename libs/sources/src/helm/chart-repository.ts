import type { DomainError, Result } from '#kernel';

export interface FoundVersion {
  readonly version: string;
  /** Digest of the archive as the repository states it: `sha256:` and hexadecimal digits. */
  readonly digest?: string;
}

/** Repository of charts, over https with an index, or an OCI registry. */
export interface ChartRepository {
  /**
   * Finds the version that helm would use.
   *
   * @param range version or range; absent: the newest version that is not a pre-release
   */
  find(chart: string, range: string | undefined): Promise<Result<FoundVersion, DomainError>>;
  /**
   * Downloads the archive of a version. The caller must compare the digest; see `fetchArchive`.
   *
   * @param digest if it is known; registries then find the archive although the version was moved to another
   */
  archive(chart: string, version: string, digest: string | undefined): Promise<Result<Buffer, DomainError>>;
}
