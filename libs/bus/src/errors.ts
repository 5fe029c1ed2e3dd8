import { domainError, ERROR_KINDS, type DomainError, type ErrorKind, type InputError, type Result } from '#kernel';

/** All errors of the bus itself. Errors of handlers are passed on unchanged. */
export const busErrors = {
  nobodyServes: (subject: string) =>
    domainError('bus/nobody-serves', 'unavailable', `No running service handles ${subject}.`, {
      fix: 'try again; if the problem persists, ask the operator to check /readyz',
      retryAfterSeconds: 2,
    }),
  timeout: (subject: string, waitedMs: number) =>
    domainError(
      'bus/timeout',
      'unavailable',
      `No response to ${subject} within ${waitedMs} ms; the request may have taken effect.`,
      {
        fix: 'try again with the same Idempotency-Key',
        retryAfterSeconds: 1,
      },
    ),
  disconnected: () =>
    domainError('bus/disconnected', 'unavailable', 'The message bus is not reachable.', {
      fix: 'try again',
      retryAfterSeconds: 2,
    }),
  subjectDenied: (subject: string) =>
    domainError(
      'bus/subject-denied',
      'unavailable',
      `The message bus does not permit this service to send ${subject}.`,
      {
        fix: 'ask the operator to update the NATS users: npm run admin:nats',
        retryAfterSeconds: 30,
      },
    ),
  messageTooLarge: (bytes: number, limit: number) =>
    domainError(
      'bus/message-too-large',
      'invalid',
      `A message of ${bytes} bytes exceeds the limit of ${limit} bytes.`,
      {
        fix: 'send less, or request fewer items',
        extra: { limit, used: bytes },
      },
    ),
  shuttingDown: () =>
    domainError('bus/shutting-down', 'unavailable', 'The service that handled the request is shutting down.', {
      fix: 'try again; another instance will respond',
      retryAfterSeconds: 1,
    }),
  lost: () =>
    domainError('bus/lost', 'unavailable', 'The connection to the service was lost.', {
      fix: 'reopen the stream from the last ID received',
      retryAfterSeconds: 1,
    }),
  readerTooSlow: () =>
    domainError('bus/reader-too-slow', 'unavailable', 'The stream was closed because it was read too slowly.', {
      fix: 'reopen it from the last ID received',
    }),
  internal: () =>
    domainError('bus/internal', 'unavailable', 'An internal error occurred. It was logged with this request ID.', {
      fix: 'try again, and report the request ID if it happens again',
    }),
  invalidCallerToken: () =>
    domainError('bus/caller-not-believed', 'unauthenticated', 'The request has no valid caller token.'),
  expired: () =>
    domainError('bus/caller-expired', 'unauthenticated', 'The caller token has expired.', {
      fix: 'send the request again',
    }),
  callerRefused: () =>
    domainError(
      'bus/caller-refused',
      'unavailable',
      'A service of the platform received the request too late, or could not verify which process sent it.',
      {
        fix: 'try again; if the problem persists, ask the operator to check the log',
        retryAfterSeconds: 1,
      },
    ),
  servicesOnly: () =>
    domainError('bus/services-only', 'forbidden', 'Only services of the platform can send this request.'),
  callerNotListed: (service: string) =>
    domainError('bus/caller-not-listed', 'forbidden', `The service ${service} is not allowed to send this request.`),
  /** `errors` contains the places and faults. They are displayed after the sentence. */
  invalidInput: (errors: readonly InputError[]) =>
    domainError('request/invalid', 'invalid', 'The request is invalid.', { errors }),
};

const CALLER_FAULTS: readonly string[] = [busErrors.invalidCallerToken().code, busErrors.expired().code];

/** Returns whether a receiver has rejected the process that sent a message. */
export const isCallerFault = ({ code }: DomainError): boolean => CALLER_FAULTS.includes(code);

/** Code of an internal error, which the edge returns as 500. */
export const INTERNAL_CODE = 'bus/internal';

/** Thrown by guard, filter, and transports to return an error. */
export class DomainErrorException extends Error {
  constructor(readonly error: DomainError) {
    super(error.code);
  }
}

/**
 * Returns the value of a result; for streams, whose handlers cannot return an error.
 *
 * @throws DomainErrorException with the error of the result
 */
export function orThrow<T>(result: Result<T, DomainError>): T {
  if (result.ok) return result.value;
  throw new DomainErrorException(result.error);
}

/** Returns whether a received value has the shape of an error. */
export function isDomainError(value: unknown): value is DomainError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'kind' in value &&
    ERROR_KINDS.includes(value.kind as ErrorKind) &&
    'detail' in value &&
    typeof value.detail === 'string'
  );
}
