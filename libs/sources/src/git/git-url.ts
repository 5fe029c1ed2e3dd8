import { isIP } from 'node:net';
import { err, ok, type DomainError, type Result } from '#kernel';
import { gitErrors } from './git-errors.ts';

/** A repository that may be contacted, from a checked URL. */
export interface GitRemote {
  readonly scheme: 'https' | 'ssh';
  /** In lower case, without a trailing dot; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** User of ssh. Absent: the user of the credential, or `git`. */
  readonly user?: string;
  /** Begins with `/`. */
  readonly path: string;
  /** `host`, or `host:port` if the port is not the default one; IPv6 in brackets. Key of the settings of hosts. */
  readonly authority: string;
  /** For people: without the user. */
  readonly shown: string;
}

const DEFAULT_PORTS = { https: 443, ssh: 22 } as const;
const MAX_LENGTH = 2_000;
/** Characters to refuse. */
const CONTROL_OR_SPACE = /[\u0000-\u0020\u007f-\u009f\u2028\u2029\\]/;
const HOST_NAME = /^(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
/** `git@host:path`, which git takes for ssh. */
const SCP_LIKE = /^(?:[A-Za-z0-9_.-]+@)?[A-Za-z0-9.-]+:(?!\/\/)/;

/**
 * Parses the URL of a repository. Allows only https and ssh, and no secret within the URL. Errors never contain the URL,
 * because it may have a secret in it.
 */
export function parseGitUrl(text: string): Result<GitRemote, DomainError> {
  if (text.length > MAX_LENGTH || CONTROL_OR_SPACE.test(text) || text.startsWith('-'))
    return err(gitErrors.urlInvalid('The URL of the repository is invalid.'));
  const url = URL.parse(text);
  const scheme = url?.protocol.slice(0, -1);
  if (!url || !(scheme === 'https' || scheme === 'ssh') || !/^(https|ssh):\/\//i.test(text))
    return err(unknownScheme(text));
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(text))
    return err(gitErrors.urlInvalid('The URL of a repository has no query and no fragment.'));
  if (url.password !== '' || (scheme === 'https' && url.username !== '')) return err(gitErrors.urlHasCredential());
  const host = url.hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
  if (isIP(host) === 0 && !HOST_NAME.test(host))
    return err(gitErrors.urlInvalid('The URL of the repository has no valid host.'));
  if (url.username !== '' && !USER.test(url.username))
    return err(gitErrors.urlInvalid('The user in the URL of the repository is invalid.'));
  if (/^\/*$/.test(url.pathname)) return err(gitErrors.urlInvalid('The URL of the repository has no path.'));

  const port = url.port === '' ? DEFAULT_PORTS[scheme] : Number(url.port);
  if (port === 0) return err(gitErrors.urlInvalid('The URL of the repository has no valid port.'));
  const name = isIP(host) === 6 ? `[${host}]` : host;
  const authority = port === DEFAULT_PORTS[scheme] ? name : `${name}:${port}`;
  return ok({
    scheme,
    host,
    port,
    ...(url.username !== '' && { user: url.username }),
    path: url.pathname,
    authority,
    shown: `${scheme}://${authority}${url.pathname}`,
  });
}

/** Returns the URL that git gets: of the parsed parts, so that git reads no other host from it than this file. */
export function urlForGit(remote: GitRemote, user?: string): string {
  return remote.scheme === 'https'
    ? remote.shown
    : `ssh://${remote.user ?? user ?? 'git'}@${remote.authority}${remote.path}`;
}

function unknownScheme(text: string): DomainError {
  const detail = 'The URL of a repository begins with https:// or ssh://.';
  return SCP_LIKE.test(text)
    ? gitErrors.urlInvalid(detail, 'write git@HOST:PATH as ssh://git@HOST/PATH')
    : gitErrors.urlInvalid(detail);
}
