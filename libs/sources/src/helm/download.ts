import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { hostFromUrl, isLoopback } from '#egress';
import { err, ok, VERSION, type DomainError, type Result } from '#kernel';
import { resolveChecked, type ResolvedHost } from '../resolve-host.ts';
import type { HostSettings, SourceContext } from '../source.ts';
import { sourceErrors } from '../source-errors.ts';
import { credentialsCommand, helmErrors } from './helm-errors.ts';

/** What a download needs of the {@link SourceContext}. */
export type DownloadContext = Pick<SourceContext, 'egress' | 'settingsOf' | 'clock' | 'signal' | 'resolve'>;

export interface Download {
  /** `https`; `http` for loopback only. */
  readonly url: URL;
  /** For errors, such as `The index of charts.example.com`. */
  readonly what: string;
  readonly accept?: string;
  /** Header `Authorization`. Sent to the host of `url` only, and not again after a redirect to another host. */
  readonly authorization?: string | undefined;
  /** Maximum bytes of the body. */
  readonly maxBytes: number;
  /** Milliseconds until the body must be complete, including all redirects. */
  readonly timeoutMs: number;
}

export interface Downloaded {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** URL that responded, after redirects. */
  readonly url: URL;
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Returns the host of a URL as settings are stored for it: with the port if it is not the default one. */
export const hostKey = (url: URL): string => url.host.toLowerCase();

/** Returns the header for the credential of a host. A token without a user is sent with the user `token`. */
export function basicAuthorization(settings: HostSettings | undefined): string | undefined {
  const { credential } = settings ?? {};
  return credential && `Basic ${Buffer.from(`${credential.user ?? 'token'}:${credential.secret}`).toString('base64')}`;
}

/**
 * Sends a GET request, and follows at most 5 redirects. The host of each is resolved once, the egress policy decides
 * about its addresses, and only these are contacted, so that a name cannot change its address after the check.
 *
 * @returns responses of any status except redirects
 */
export async function download(request: Download, context: DownloadContext): Promise<Result<Downloaded, DomainError>> {
  const late = new AbortController();
  const timer = context.clock.timer(request.timeoutMs, () => late.abort());
  try {
    return await follow(request, { ...context, signal: AbortSignal.any([context.signal, late.signal]) });
  } catch (error) {
    if (context.signal.aborted) return err(sourceErrors.canceled());
    if (late.signal.aborted) return err(sourceErrors.timeout(request.what, Math.round(request.timeoutMs / 1_000)));
    throw error;
  } finally {
    timer.cancel();
  }
}

async function follow(request: Download, context: DownloadContext): Promise<Result<Downloaded, DomainError>> {
  let { url, authorization } = request;
  for (let redirects = 0; ; redirects++) {
    const sent = await send({ ...request, url, authorization }, context);
    if (!sent.ok) return sent;
    const { location } = sent.value.headers;
    if (!REDIRECTS.has(sent.value.status) || location === undefined) return sent;
    if (redirects === MAX_REDIRECTS)
      return err(sourceErrors.redirectRefused(hostKey(request.url), `more than ${MAX_REDIRECTS} times`));
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (!next || next.username !== '' || next.password !== '')
      return err(sourceErrors.redirectRefused(hostKey(url), 'to an address that cannot be used'));
    if (next.protocol !== 'https:' && next.protocol !== url.protocol)
      return err(sourceErrors.redirectRefused(hostKey(url), 'to an address without https'));
    if (next.origin !== url.origin) authorization = undefined;
    url = next;
  }
}

async function send(request: Download, context: DownloadContext): Promise<Result<Downloaded, DomainError>> {
  const { url } = request;
  const secure = url.protocol === 'https:';
  const host = hostFromUrl(url.hostname);
  if (!secure && (url.protocol !== 'http:' || !(host === 'localhost' || isLoopback(host))))
    return err(helmErrors.repositoryInvalid('must begin with https:// or oci://'));
  const resolved = await resolveChecked(host, Number(url.port || (secure ? 443 : 80)), context);
  if (!resolved.ok) return resolved;
  if (!secure && !resolved.value.addresses.every(isLoopback))
    return err(helmErrors.repositoryInvalid('must begin with https:// or oci://'));
  const settings = await context.settingsOf(hostKey(url), 'registry');
  context.signal.throwIfAborted();
  return exchange(request, resolved.value, settings, context.signal);
}

function exchange(
  { url, accept = '*/*', authorization, maxBytes, what }: Download,
  { host, port, addresses }: ResolvedHost,
  settings: HostSettings | undefined,
  signal: AbortSignal,
): Promise<Result<Downloaded, DomainError>> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const request = (secure ? https : http).request({
      agent: false, // one connection for each request, to the addresses that were checked for it
      host,
      port,
      lookup: lookupOf(addresses),
      path: url.pathname + url.search,
      signal,
      ...(secure && { secureContext: secureContext(settings) }),
      headers: {
        'user-agent': `astro-platform/${VERSION}`,
        accept,
        'accept-encoding': 'identity',
        ...(authorization !== undefined && { authorization }),
      },
    });
    const fail = (cause: Error) =>
      signal.aborted ? reject(cause) : resolve(err(connectionError(cause, hostKey(url))));
    const tooLarge = () => {
      resolve(err(tooLargeError(what, maxBytes)));
      request.destroy();
    };
    request.on('error', fail);
    request.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      const chunks: Buffer[] = [];
      let length = 0;
      if (Number(headers['content-length'] ?? 0) > maxBytes) return tooLarge();
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) tooLarge();
        else chunks.push(chunk);
      });
      response.on('end', () => resolve(ok({ status, headers, body: Buffer.concat(chunks), url })));
      response.on('error', fail);
    });
    request.end();
  });
}

/** Returns the given addresses for any name. */
const lookupOf =
  (addresses: readonly string[]): LookupFunction =>
  (_, { all }, done) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }));
    if (all) done(null, found);
    else done(null, found[0]?.address ?? '', found[0]?.family ?? 0);
  };

/** By certificate authority: to read the public ones again for each request would take about 17 ms. */
const secureContexts = new LRUCache<string, SecureContext>({ max: 20 });

/** Returns the TLS settings for a host. Its own certificate authority is trusted in addition to the public ones. */
function secureContext({ certificateAuthority = '' }: HostSettings = {}): SecureContext {
  const known = secureContexts.get(certificateAuthority);
  if (known) return known;
  const ca = certificateAuthority === '' ? {} : { ca: [...getCACertificates('default'), certificateAuthority] };
  const context = createSecureContext({ minVersion: 'TLSv1.2', ...ca });
  secureContexts.set(certificateAuthority, context);
  return context;
}

const MEGABYTE = 1_048_576;

export const tooLargeError = (what: string, maxBytes: number): DomainError =>
  sourceErrors.tooLarge(
    `${what} is larger than ${Math.round(maxBytes / MEGABYTE)} MB.`,
    'use a smaller chart, or remove files that are not needed to render it',
  );

const CERTIFICATE = /CERT|SELF_SIGNED|ISSUER|UNABLE_TO_VERIFY|ALTNAME/;

/** @param reason code of the error of TLS */
function certificateReason(reason: string): string {
  if (reason === 'CERT_HAS_EXPIRED') return 'it has expired';
  if (/ALTNAME/.test(reason)) return 'it is for another host';
  return /SELF_SIGNED|ISSUER|UNABLE_TO_VERIFY/.test(reason)
    ? 'its certificate authority is unknown'
    : `it is invalid (${reason})`;
}

function connectionError(cause: NodeJS.ErrnoException, host: string): DomainError {
  const reason = cause.code ?? cause.message;
  if (CERTIFICATE.test(reason))
    return sourceErrors.certificateRefused(host, certificateReason(reason), credentialsCommand(host, '--ca', 'FILE'));
  if (/^(EPROTO$|ERR_SSL_)/.test(reason)) return sourceErrors.tlsFailed(host);
  return sourceErrors.unreachable(host, `${host} cannot be reached, or closed the connection (${reason}).`);
}

/** Returns the error of a response that is neither a success nor `404`. */
export function statusError({ status, url }: Downloaded, sentCredential: boolean): DomainError {
  const host = hostKey(url);
  return status === 401 || status === 403
    ? helmErrors.unauthorized(host, sentCredential)
    : sourceErrors.unreachable(host, `${host} responded with status ${status}.`);
}
