import { RECENT_LOGIN_MS } from '#access';
import { INTERNAL_CODE } from '#bus';
import { domainError, type DomainError, type ErrorKind } from '#kernel';

/** Statuses that the edge returns itself, without a domain error. */
export type EdgeStatus = 400 | 404 | 405 | 406 | 412 | 413 | 414 | 415 | 429 | 431;

const KINDS: Readonly<Record<ErrorKind, { readonly status: number; readonly title: string }>> = {
  invalid: { status: 422, title: 'Invalid request' },
  unauthenticated: { status: 401, title: 'Not authenticated' },
  forbidden: { status: 403, title: 'Not permitted' },
  'not-found': { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'Conflict with the current state' },
  limit: { status: 403, title: 'Limit reached' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
};

const TITLES: Readonly<Record<EdgeStatus, string>> = {
  400: 'Bad request',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  412: 'Precondition failed',
  413: 'Content too large',
  414: 'URL too long',
  415: 'Media type not supported',
  429: 'Too many requests',
  431: 'Headers too large',
};

/** Domain errors with a status of their own, because HTTP defines it. */
const BY_CODE: Readonly<Record<string, { readonly status: number; readonly title: string }>> = {
  'edge/precondition-failed': { status: 412, title: TITLES[412] },
  'edge/cursor-invalid': { status: 400, title: TITLES[400] },
  [INTERNAL_CODE]: { status: 500, title: 'Internal error' },
};

/** Parameters of `WWW-Authenticate`: no error without a credential; RFC 9470 for a login that is too old. */
const CHALLENGES: Readonly<Record<string, string>> = {
  'access/not-signed-in': '',
  'login/too-old': `, error="insufficient_user_authentication", max_age="${RECENT_LOGIN_MS / 1_000}"`,
};

/** An HTTP error, which occurs before a contract is served. */
export class EdgeError extends Error {
  constructor(
    readonly status: EdgeStatus,
    readonly error: DomainError,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(error.code);
  }
}

/** Creates an error that Fastify and Nest pass to the edge's error handler. */
export const edgeError = (
  status: EdgeStatus,
  code: string,
  detail: string,
  fix?: string,
  headers: Readonly<Record<string, string>> = {},
): EdgeError => new EdgeError(status, domainError(code, 'invalid', detail, fix === undefined ? {} : { fix }), headers);

/** A problem document (RFC 9457) with its status and headers. */
export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Converts the error of a service to a problem document.
 *
 * @param contact whom to ask for what only a global admin can do
 */
export function problemOf(error: DomainError, requestId: string, contact?: string): Problem {
  const { status, title } = (Object.hasOwn(BY_CODE, error.code) ? BY_CODE[error.code] : undefined) ?? KINDS[error.kind];
  // What nobody in an organization can grant comes without a fix: the directory does not know the operator's contact.
  const isForAdmins = contact !== undefined && error.code === 'access/not-permitted' && error.fix === undefined;
  return documentOf(status, title, isForAdmins ? { ...error, fix: `ask ${contact}` } : error, requestId);
}

/** Converts the error of the edge to a problem document. */
export function problemOfEdge({ status, error, headers }: EdgeError, requestId: string): Problem {
  const problem = documentOf(status, TITLES[status], error, requestId);
  return { ...problem, headers: { ...problem.headers, ...headers } };
}

function documentOf(status: number, title: string, error: DomainError, requestId: string): Problem {
  const { code, kind, detail, fix, errors, extra, retryAfterSeconds } = error;
  const type = `urn:astro:error:${code.replaceAll('/', ':')}`;
  const body = JSON.stringify({
    ...extra,
    type,
    title,
    status,
    code,
    kind,
    detail,
    fix,
    errors,
    instance: `urn:astro:request:${requestId}`,
    requestId,
  });
  const retryAfter = retryAfterSeconds ?? (status === 503 ? 1 : undefined);
  return {
    status,
    body,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      ...(retryAfter !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) }),
      ...(status === 401 && {
        'www-authenticate': `Bearer realm="astro"${CHALLENGES[code] ?? ', error="invalid_token"'}`,
      }),
    },
  };
}
