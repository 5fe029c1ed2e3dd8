/**
 * Kinds of failures of requests to the server:
 * - `unreachable`: no connection, or it was lost;
 * - `not-ready`: the server has started but does not accept requests yet;
 * - `late`: no response within our time limit;
 * - `untrusted`: its certificate is not trusted;
 * - `no-tls`: it does not use TLS but the address does;
 * - `access`: user or password are wrong, or the user lacks the permission;
 * - `conflict`: the stream's last event has another revision than expected;
 * - `missing`: the stream does not exist;
 * - `deleted`: the stream was deleted permanently;
 * - `unknown`: any other error of the server or the client.
 */
export type FailureKind =
  | 'unreachable'
  | 'not-ready'
  | 'late'
  | 'untrusted'
  | 'no-tls'
  | 'access'
  | 'conflict'
  | 'missing'
  | 'deleted'
  | 'unknown';

/** A failed request to EventStoreDB. If the failure is temporary, an append may have taken effect. */
export class Failure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, options);
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return !DEFINITE.has(this.kind);
  }
}

const DEFINITE: ReadonlySet<FailureKind> = new Set(['access', 'conflict', 'missing', 'deleted']);

/** Codes of gRPC (google.rpc.Code). */
const PERMISSION_DENIED = 7;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

const UNTRUSTED = /certificate|self[- ]signed|altnames|unable to verify|issuer/i;
const NO_TLS = /EPROTO|wrong version number|packet length too long|ssl3?_|SSL routines/i;

/**
 * Converts an error of the client. Its classes have no names, and while a server is down it passes on plain gRPC
 * errors.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { type, code, message } = membersOf(error);
  const failure = (kind: FailureKind) => new Failure(kind, message || type || 'unknown error', { cause: error });
  if (type === 'wrong-expected-version') return failure('conflict');
  if (type === 'stream-not-found') return failure('missing');
  if (type === 'access-denied' || code === UNAUTHENTICATED || code === PERMISSION_DENIED) return failure('access');
  if (type === 'stream-deleted') return failure('deleted');
  if (/Server Is Not Ready/i.test(message)) return failure('not-ready');
  if (type === 'unavailable' || type === 'cancelled' || code === UNAVAILABLE || code === INTERNAL) {
    if (NO_TLS.test(message)) return failure('no-tls');
    return failure(UNTRUSTED.test(message) ? 'untrusted' : 'unreachable');
  }
  // After this error, the client connects to the leader.
  if (type === 'not-leader' || /Cancelled on client|Failed to discover/.test(message)) return failure('unreachable');
  if (type === 'deadline-exceeded' || type === 'timeout') return failure('late');
  return failure('unknown');
}

/** Returns the members that an error of the client may have. */
function membersOf(error: unknown): { type: string; code: number | undefined; message: string } {
  const members: Record<string, unknown> = typeof error === 'object' && error !== null ? { ...error } : {};
  const { type, code } = members;
  // The `message` of an error is not enumerable.
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
  return {
    type: typeof type === 'string' ? type : '',
    code: typeof code === 'number' ? code : undefined,
    message,
  };
}
