/** Limits of what is read from a repository. */
export interface GitLimits {
  /** Milliseconds for each exchange with the server of the repository. */
  readonly fetchMs: number;
  /** Bytes of what one fetch may store. */
  readonly repositoryBytes: number;
  /** Files of the commit. */
  readonly files: number;
  /** Bytes of each file. Larger ones are not fetched. */
  readonly fileBytes: number;
  /** Bytes of all files that are rendered together. */
  readonly readBytes: number;
}

export const DEFAULT_GIT_LIMITS: GitLimits = {
  fetchMs: 60_000,
  repositoryBytes: 200 * 1024 ** 2,
  files: 20_000,
  fileBytes: 5 * 1024 ** 2,
  readBytes: 20 * 1024 ** 2,
};
