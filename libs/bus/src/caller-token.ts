import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { Principal } from '#access';
import { receiverOf, type RequestContext } from '#bus/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { claimsOf, expiresMsOf, isExpired, type CallerClaims } from './caller-claims.ts';
import { personKeyName, serviceKeyName, type CallerKeyring } from './caller-keys.ts';
import { busErrors } from './errors.ts';

/** Header with the signed context, on every transport. */
export const CALLER_HEADER = 'astro-caller';

/** The signed claims. Names are short, because every message contains them. */
interface Signed extends CallerClaims {
  readonly receiver: string;
  readonly subject: string;
  readonly expiresMs: number;
}

/** Returns whose key signs: that of persons, or that of one service. */
const kindOf = (principal: Principal): string =>
  principal.kind === 'service' ? `service/${principal.service}` : 'person';

/** Characters of an HMAC-SHA256 in base64url. */
const MAC_CHARACTERS = 43;
const FORM = /^([a-z0-9-]{1,32})\.(person|service\/([a-z0-9-]{1,64}))\.([A-Za-z0-9_-]{43})\./;

/** Returns the name of the key that signs a context for the receiver of a subject. */
export const signingKeyName = (subject: string, { principal }: Pick<RequestContext, 'principal'>): string =>
  principal.kind === 'service'
    ? serviceKeyName(receiverOf(subject), principal.service)
    : personKeyName(receiverOf(subject));

/** Returns the MAC of kind, context, and body, so that none can be replaced. Kind and context contain no line break. */
const macOf = (key: KeyObject, kind: string, context: string, json: string): Buffer =>
  createHmac('sha256', key).update(`${kind}\n${context}\n${json}`).digest();

/**
 * Signs the caller for one receiver, subject, and body: `<key id>.<kind>.<base64url HMAC-SHA256>.<context in JSON>`.
 * The kind is `person` or `service/<name>`.
 *
 * @param json the message's body
 * @param nowMs milliseconds since 1970
 * @throws Error if the keyring does not have the key; see `signingKeyName`
 */
export function signCaller(
  keyring: CallerKeyring,
  subject: string,
  json: string,
  context: RequestContext,
  nowMs: number,
): string {
  return tokenOf(keyring, subject, context, nowMs, (key, kind, text) =>
    macOf(key, kind, text, json).toString('base64url'),
  );
}

/** Returns a token without a valid signature, of the size of that of `signCaller`, to measure what is not sent. */
export function unsignedCaller(
  keyring: CallerKeyring,
  subject: string,
  context: RequestContext,
  nowMs: number,
): string {
  return tokenOf(keyring, subject, context, nowMs, () => '-'.repeat(MAC_CHARACTERS));
}

function tokenOf(
  keyring: CallerKeyring,
  subject: string,
  context: RequestContext,
  nowMs: number,
  sign: (key: KeyObject, kind: string, text: string) => string,
): string {
  const claims = claimsOf(context);
  const signed: Signed = { receiver: receiverOf(subject), subject, expiresMs: expiresMsOf(context, nowMs), ...claims };
  const kind = kindOf(claims.principal);
  const name = signingKeyName(subject, claims);
  const key = keyring.key(keyring.newestId, name);
  if (!key) throw new Error(`this process does not have the caller key ${keyring.newestId}/${name}`);
  const text = JSON.stringify(signed);
  return `${keyring.newestId}.${kind}.${sign(key, kind, text)}.${text}`;
}

/**
 * Verifies the signed context of a message on `subject` with the body `json`. Returns `unauthenticated` if it is
 * unsigned, forged, for another receiver, subject, or body, expired, or of a kind that does not match its principal:
 * the context of a service contains this service, and never a person.
 */
export function verifyCaller(
  keyring: CallerKeyring,
  subject: string,
  json: string,
  token: string | undefined,
  nowMs: number,
): Result<CallerClaims, DomainError> {
  const [whole, keyId, kind, service, mac] = (token && FORM.exec(token)) || [];
  if (!token || !whole || !keyId || !mac || !kind) return err(busErrors.invalidCallerToken());
  const receiver = receiverOf(subject);
  const key = keyring.key(keyId, service === undefined ? personKeyName(receiver) : serviceKeyName(receiver, service));
  if (!key) return err(busErrors.invalidCallerToken());
  const text = token.slice(whole.length);
  const given = Buffer.from(mac, 'base64url');
  if (!matches(given, macOf(key, kind, text, json))) return err(busErrors.invalidCallerToken());

  // The signature is valid, so one of our own processes wrote this with the shape of Signed.
  const signed = JSON.parse(text) as Signed;
  if (signed.receiver !== receiver || signed.subject !== subject || kindOf(signed.principal) !== kind)
    return err(busErrors.invalidCallerToken());
  return isExpired(signed.expiresMs, nowMs) ? err(busErrors.expired()) : ok(signed);
}

const matches = (given: Buffer, expected: Buffer): boolean =>
  given.length === expected.length && timingSafeEqual(given, expected);
