import { domainError } from '#kernel';

/** Command that stores how a host is contacted. */
export const setCredential = (host: string, ...options: readonly string[]) =>
  ['astroctl', 'credentials', 'set', host, '--kind', 'git', ...options].join(' ');

/** Errors of sources in git. `host` is as in the settings of hosts: with `:port` if it is not the default port. */
export const gitErrors = {
  urlInvalid: (detail: string, fix = 'use a URL such as https://git.example.com/team/repository.git') =>
    domainError('sources/url-invalid', 'invalid', detail, { fix }),
  urlHasCredential: () =>
    domainError('sources/url-invalid', 'invalid', 'The URL of the repository contains a credential.', {
      fix: `remove it from the URL, and store it: ${setCredential('HOST')}`,
    }),
  revisionInvalid: () =>
    domainError(
      'sources/revision-invalid',
      'invalid',
      'The revision is not the name of a branch or tag, or a commit.',
      {
        fix: 'use the name of a branch or tag, or the full ID of a commit (40 or 64 hexadecimal digits)',
      },
    ),
  revisionUnknown: (revision: string, repository: string) =>
    domainError('sources/revision-unknown', 'invalid', `${repository} has no branch or tag ${revision}.`, {
      fix: 'use the name of a branch or tag, or the full ID of a commit',
    }),
  revisionAmbiguous: (revision: string) =>
    domainError(
      'sources/revision-ambiguous',
      'invalid',
      `${revision} is both a branch and a tag: refs/heads/${revision} and refs/tags/${revision}.`,
      { fix: `use refs/heads/${revision} or refs/tags/${revision}` },
    ),
  repositoryEmpty: (repository: string) =>
    domainError('sources/revision-unknown', 'invalid', `${repository} has no commit on its default branch.`, {
      fix: 'push a commit, or name a branch or tag',
    }),
  commitGone: (commit: string, repository: string) =>
    domainError('sources/source-gone', 'conflict', `${repository} no longer has the commit ${commit}.`, {
      fix: 'deploy a revision that the repository has',
    }),
  notACommit: (id: string) =>
    domainError('sources/revision-unknown', 'invalid', `${id} is not the ID of a commit.`, {
      fix: 'use the ID of the commit, or the name of the tag',
    }),
  noAccess: (repository: string, host: string, hasCredential: boolean) =>
    domainError(
      'sources/repository-not-found',
      'invalid',
      hasCredential
        ? `${repository} was not found, or the credential of ${host} has no access to it.`
        : `${repository} was not found, or it needs a credential. There is none for ${host}.`,
      { fix: `check the URL, or store a credential: ${setCredential(host)}` },
    ),
  credentialUnusable: (host: string, detail: string) =>
    domainError('sources/credential-unusable', 'invalid', detail, {
      fix: `store another one: ${setCredential(host)}`,
    }),
  knownHostsMissing: (host: string) =>
    domainError('sources/host-key-unknown', 'invalid', `The host keys of ${host} are not known.`, {
      fix: `store them: ${setCredential(host, '--known-hosts', 'FILE')}`,
    }),
  hostKeyWrong: (host: string) =>
    domainError('sources/host-key-unknown', 'invalid', `${host} does not have one of the host keys stored for it.`, {
      fix: `if the key was changed on purpose: ${setCredential(host, '--known-hosts', 'FILE')}`,
    }),
  gitOutdated: (version: string) =>
    domainError('sources/program-missing', 'unavailable', `Git ${version} is too old; 2.37 or newer is needed.`, {
      fix: 'ask the operator of the platform to install a newer git',
    }),
  sshUserMissing: () =>
    domainError(
      'sources/program-missing',
      'unavailable',
      'The deploy worker runs as a user without an entry in /etc/passwd, which ssh needs.',
      { fix: 'ask the operator of the platform to add the user' },
    ),
  failed: (repository: string, reason: string) =>
    domainError('sources/git-failed', 'unavailable', `Git failed to read ${repository}: ${reason}.`, {
      fix: 'try again; if it fails again, check the repository',
    }),
  pathInvalid: (path: string) =>
    domainError('sources/path-invalid', 'invalid', `${path} is not a path within the repository.`, {
      fix: 'use a path relative to the root of the repository, without a leading /',
    }),
  pathMissing: (detail: string, fix: string) => domainError('sources/path-missing', 'invalid', detail, { fix }),
  /** A file, link, or submodule that cannot be read. */
  fileRefused: (detail: string, fix: string) => domainError('sources/file-refused', 'invalid', detail, { fix }),
  /** A folder that can be rendered in more than one way, or in none. */
  ambiguous: (detail: string, fix: string) => domainError('sources/source-ambiguous', 'invalid', detail, { fix }),
  noManifests: (detail: string, fix: string) => domainError('sources/no-manifests', 'invalid', detail, { fix }),
} as const;
