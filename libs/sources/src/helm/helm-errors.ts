import { domainError, type DomainError } from '#kernel';

/** Command that stores how a host is contacted. */
export const credentialsCommand = (host: string, ...options: readonly string[]): string =>
  ['astroctl', 'credentials', 'set', host, '--kind', 'registry', ...options].join(' ');

/** Removes user names and passwords from URLs in a text. */
export const withoutCredentials = (text: string): string => text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s]*@/gi, '$1');

/** Errors of pinning and rendering charts. */
export const helmErrors = {
  repositoryInvalid: (why: string) =>
    domainError('sources/url-invalid', 'invalid', `The address of the chart repository ${why}.`, {
      fix: 'write https://… or oci://…, without a user name, password, query, or fragment',
    }),
  /** @param isKnown whether a credential was sent */
  unauthorized: (host: string, isKnown: boolean) =>
    domainError(
      'sources/unauthorized',
      'invalid',
      isKnown ? `${host} refused the stored credential.` : `${host} requires a credential.`,
      { fix: `store a credential: ${credentialsCommand(host)}`, extra: { host } },
    ),
  indexInvalid: (host: string, why: string) =>
    domainError('sources/chart-index-invalid', 'invalid', `The chart repository at ${host} ${why}.`, {
      fix: 'check repoURL: the repository must serve index.yaml as `helm repo index` writes it',
    }),
  chartNameInvalid: () =>
    domainError('sources/chart-unknown', 'invalid', 'The name of the chart is invalid.', { fix: 'check chartName' }),
  chartUnknown: (chart: string, repository: string, nearest?: string) =>
    domainError('sources/chart-unknown', 'invalid', `Chart ${chart} does not exist in ${repository}.`, {
      fix: nearest === undefined ? 'check chartName and repoURL' : `did you mean ${nearest}?`,
    }),
  versionInvalid: (range: string) =>
    domainError('sources/chart-version-invalid', 'invalid', `${range} is not a version or range of versions.`, {
      fix: 'write a version such as 1.2.3, or a range such as ^1.2.0 or >=1.2.0 <2.0.0',
    }),
  /** @param newest versions of the chart, newest first; at least one */
  versionUnknown: (chart: string, range: string, newest: readonly string[]) =>
    domainError('sources/chart-version-unknown', 'invalid', `Chart ${chart} has no version that matches ${range}.`, {
      fix: `the newest versions are ${newest.join(', ')}`,
    }),
  versionGone: (chart: string, version: string) =>
    domainError('sources/chart-version-unknown', 'invalid', `Version ${version} of chart ${chart} does not exist.`, {
      fix: 'check chartVersion and repoURL, and apply the manifest again',
    }),
  notAChart: (what: string, why: string) =>
    domainError('sources/chart-invalid', 'invalid', `${what} is not a Helm chart: ${why}.`, {
      fix: 'check it with `helm lint`, and package it with `helm package`',
    }),
  digestDiffers: (chart: string, version: string) =>
    domainError(
      'sources/chart-changed',
      'conflict',
      `The archive of chart ${chart} ${version} is not the one that was recorded for this revision.`,
      { fix: 'ask its publisher why the version was replaced; to use the new archive, apply the manifest again' },
    ),
  indexDigestDiffers: (chart: string, version: string) =>
    domainError(
      'sources/chart-changed',
      'conflict',
      `The archive of chart ${chart} ${version} does not have the digest that its repository states.`,
      { fix: 'ask the publisher of the chart to correct the repository' },
    ),
  archiveGone: (chart: string, version: string) =>
    domainError('sources/source-gone', 'conflict', `The archive of chart ${chart} ${version} no longer exists.`, {
      fix: 'deploy a version that the repository has',
    }),
  /** @param chart the chart that has the dependency */
  dependencyRefused: (chart: string, dependency: string, why: string, fix: string) =>
    domainError('sources/chart-dependency', 'invalid', `Chart ${chart} depends on ${dependency}, ${why}.`, { fix }),
} as const satisfies Record<string, (...args: never[]) => DomainError>;
