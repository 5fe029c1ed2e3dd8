import { isIP } from 'node:net';
import { z } from 'zod';
import { hostFromUrl } from '#egress';
import { err, ok, type DomainError, type Result } from '#kernel';
import { basicAuthorization, download, hostKey, statusError, type DownloadContext } from './download.ts';
import { helmErrors } from './helm-errors.ts';

export interface Challenge {
  /** Origin of the registry. */
  readonly registry: URL;
  /** Of the repository in the registry. */
  readonly name: string;
  /** Header WWW-Authenticate of its response. */
  readonly challenge: string;
}

const TOKEN_TIMEOUT_MS = 30_000;
const MAX_TOKEN_BYTES = 64 * 1024;
/** A header cannot contain other characters. */
const token = z.string().regex(/^[\x21-\x7e]{1,32000}$/);
const responseSchema = z.union([z.object({ token }), z.object({ access_token: token })]);

/**
 * Returns the header Authorization that a registry asks for: the credential of its host, or a token for reading one
 * repository (Distribution, "Token Authentication Specification"). The token server gets the credential of the registry
 * only if it has the same host or domain, otherwise its own, or none.
 */
export async function authorizeAt(
  { registry, name, challenge }: Challenge,
  context: DownloadContext,
): Promise<Result<string, DomainError>> {
  const bearer = /\bBearer\s+(.*)$/i.exec(challenge)?.[1];
  const own = basicAuthorization(await context.settingsOf(hostKey(registry), 'registry'));
  if (bearer === undefined) {
    return own !== undefined && /\bBasic\b/i.test(challenge)
      ? ok(own)
      : err(helmErrors.unauthorized(hostKey(registry), false));
  }
  const { realm = '', service } = parametersOf(bearer);
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (
    !url ||
    url.username !== '' ||
    url.password !== '' ||
    (url.protocol !== 'https:' && url.protocol !== registry.protocol)
  )
    return err(helmErrors.indexInvalid(hostKey(registry), 'names a token server that cannot be used'));
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${name}:pull`);
  const authorization = maySendCredential(registry, url)
    ? own
    : basicAuthorization(await context.settingsOf(hostKey(url), 'registry'));
  const what = `A token of ${hostKey(url)}`;
  const response = await download(
    { url, what, authorization, maxBytes: MAX_TOKEN_BYTES, timeoutMs: TOKEN_TIMEOUT_MS },
    context,
  );
  if (!response.ok) return response;
  if (response.value.status !== 200) return err(statusError(response.value, authorization !== undefined));
  const read = responseSchema.safeParse(jsonOf(response.value.body));
  if (!read.success) return err(helmErrors.indexInvalid(hostKey(registry), 'has a token server that sends no token'));
  return ok(`Bearer ${'token' in read.data ? read.data.token : read.data.access_token}`);
}

function parametersOf(text: string): Readonly<Record<string, string>> {
  const found = [...text.matchAll(/\b(realm|service)="([^"]{0,2000})"/gi)];
  return Object.fromEntries(found.map(([, name = '', value = '']) => [name.toLowerCase(), value]));
}

/**
 * Returns whether a token server gets the credential of a registry: it has the same host and port, or is in the domain
 * of the registry's host, as auth.docker.io for registry-1.docker.io, and gitlab.com for registry.gitlab.com.
 */
export function maySendCredential(registry: URL, server: URL): boolean {
  if (server.origin === registry.origin) return true;
  const [from, to] = [registry, server].map(({ hostname }) => hostFromUrl(hostname)) as [string, string];
  if (server.protocol !== 'https:' || isIP(from) !== 0 || isIP(to) !== 0) return false;
  const domain = from.split('.').slice(1);
  // Two labels may be a public suffix, such as co.uk, in which every name belongs to somebody else.
  const isShared = domain.length < 2 || (domain.length === 2 && domain.every((label) => label.length <= 3));
  return !isShared && (to === domain.join('.') || to.endsWith(`.${domain.join('.')}`));
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined; // reported as a response without a token
  }
}
