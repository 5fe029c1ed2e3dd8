import { receiverOf, type RequestContext } from '#bus/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { claimsOf, expiresMsOf, isExpired, type CallerClaims } from './caller-claims.ts';
import { busErrors } from './errors.ts';

interface Issued {
  readonly receiver: string;
  readonly subject: string;
  readonly json: string;
  readonly expiresMs: number;
  readonly claims: CallerClaims;
}

const ISSUER = Symbol('issuer');
let issuedIn: (value: object) => Issued | undefined;

/**
 * The caller of a message within its process. It cannot be forged: only this file creates instances, their content is
 * private to the class, and copies are not accepted.
 */
export class LocalCaller {
  readonly #issued: Issued;

  static {
    issuedIn = (value) => (#issued in value ? value.#issued : undefined);
  }

  constructor(issuer: typeof ISSUER, issued: Issued) {
    if (issuer !== ISSUER) throw new TypeError('only the bus makes callers');
    this.#issued = issued;
    Object.freeze(this);
  }
}

/**
 * Creates a caller for one receiver, subject, and body.
 *
 * @param json the message's body
 * @param nowMs milliseconds since 1970
 */
export function issueCaller(subject: string, json: string, context: RequestContext, nowMs: number): LocalCaller {
  return new LocalCaller(ISSUER, {
    receiver: receiverOf(subject),
    subject,
    json,
    expiresMs: expiresMsOf(context, nowMs),
    claims: claimsOf(context),
  });
}

/**
 * Returns the claims of the caller of a message on `subject` with the body `json`. Returns `unauthenticated` if
 * `issueCaller` did not create it, it is for another receiver, subject, or body, or it has expired.
 */
export function openCaller(
  caller: unknown,
  subject: string,
  json: string,
  nowMs: number,
): Result<CallerClaims, DomainError> {
  const issued = typeof caller === 'object' && caller !== null ? issuedIn(caller) : undefined;
  if (issued?.receiver !== receiverOf(subject) || issued.subject !== subject || issued.json !== json)
    return err(busErrors.invalidCallerToken());
  return isExpired(issued.expiresMs, nowMs) ? err(busErrors.expired()) : ok(issued.claims);
}
