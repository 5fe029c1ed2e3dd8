import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { Principal } from '#access';
import type { RequestContext } from '#bus/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { claimsOf, expiresMsOf, isOverTime, receiverOf, type CallerClaims } from './caller-claims.ts';
import type { CallerKeyring, CallerKind } from './caller-keys.ts';
import { busErrors } from './errors.ts';

/** Header with the signed context, on every transport. */
export const CALLER_HEADER = 'astro-caller';

/** The signed claims. Names are short, because every message contains them. */
interface Signed extends CallerClaims {
  readonly receiver: string;
  readonly subject: string;
  readonly expiresMs: number;
}

const kindOf = (principal: Principal): CallerKind => (principal.kind === 'service' ? 'service' : 'person');

const FORM = /^([a-z0-9-]{1,32})\.(person|service)\.([A-Za-z0-9_-]{43})\./;

/** Returns the MAC of kind, context, and body, so that none can be replaced. Kind and context contain no line break. */
const macOf = (key: KeyObject, kind: CallerKind, context: string, json: string): Buffer =>
  createHmac('sha256', key).update(`${kind}\n${context}\n${json}`).digest();

/**
 * Signs the caller for one receiver, subject, and body: `<key id>.<kind>.<base64url HMAC-SHA256>.<context in JSON>`.
 *
 * @param json the message's body
 * @param nowMs milliseconds since 1970
 */
export function signCaller(
  keyring: CallerKeyring,
  subject: string,
  json: string,
  context: RequestContext,
  nowMs: number,
): string {
  const receiver = receiverOf(subject);
  const claims = claimsOf(context);
  const signed: Signed = { receiver, subject, expiresMs: expiresMsOf(context, nowMs), ...claims };
  const kind = kindOf(claims.principal);
  const key = keyring.key(keyring.newestId, kind, receiver);
  if (!key) throw new Error('the newest caller key is not in the keyring');
  const text = JSON.stringify(signed);
  return `${keyring.newestId}.${kind}.${macOf(key, kind, text, json).toString('base64url')}.${text}`;
}

/**
 * Verifies the signed context of a message on `subject` with the body `json`. Returns `unauthenticated` if it is
 * unsigned, forged, for another receiver, subject, or body, expired, or of a kind that does not match its principal:
 * the context of a service never contains a person.
 */
export function verifyCaller(
  keyring: CallerKeyring,
  subject: string,
  json: string,
  token: string | undefined,
  nowMs: number,
): Result<CallerClaims, DomainError> {
  const [whole, keyId, kind, mac] = (token && FORM.exec(token)) || [];
  if (!token || !whole || !keyId || !mac || (kind !== 'person' && kind !== 'service'))
    return err(busErrors.notBelieved());
  const receiver = receiverOf(subject);
  const key = keyring.key(keyId, kind, receiver);
  if (!key) return err(busErrors.notBelieved());
  const text = token.slice(whole.length);
  const given = Buffer.from(mac, 'base64url');
  if (!matches(given, macOf(key, kind, text, json))) return err(busErrors.notBelieved());

  // The signature is valid, so one of our own processes wrote this with the shape of Signed.
  const signed = JSON.parse(text) as Signed;
  if (signed.receiver !== receiver || signed.subject !== subject || kindOf(signed.principal) !== kind)
    return err(busErrors.notBelieved());
  return isOverTime(signed.expiresMs, nowMs) ? err(busErrors.expired()) : ok(signed);
}

const matches = (given: Buffer, expected: Buffer): boolean =>
  given.length === expected.length && timingSafeEqual(given, expected);
