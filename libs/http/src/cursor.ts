import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { domainError, err, ok, type DomainError, type Json, type Result } from '#kernel';

const MAC_BYTES = 16;
const LONGEST = 4_096;

/**
 * An opaque cursor: `content` and the `scope` it was made for (organization, list, filters), signed. Nobody can make
 * one, or use one where it was not given out.
 * @param key at least 32 bytes
 */
export function signCursor(key: Uint8Array, scope: string, content: Json): string {
  const text = Buffer.from(JSON.stringify(content));
  return Buffer.concat([macOf(key, scope, text), text]).toString('base64url');
}

/** The content of a cursor made for this scope; `edge/cursor-invalid` (400) for any other text. */
export function openCursor(
  key: Uint8Array,
  scope: string,
  cursor: string,
): Result<Json, DomainError<'edge/cursor-invalid'>> {
  const bytes =
    cursor.length <= LONGEST && /^[A-Za-z0-9_-]+$/.test(cursor) ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
  const text = bytes.subarray(MAC_BYTES);
  // Base64 has spare bits: only the one spelling that we write is taken.
  if (
    bytes.length <= MAC_BYTES ||
    bytes.toString('base64url') !== cursor ||
    !timingSafeEqual(bytes.subarray(0, MAC_BYTES), macOf(key, scope, text))
  ) {
    return err(
      domainError('edge/cursor-invalid', 'invalid', 'The cursor is not valid for this list.', {
        fix: 'start again without a cursor',
      }),
    );
  }
  return ok(JSON.parse(text.toString()) as Json);
}

/** Keys made ready once, not for each cursor. */
const ready = new WeakMap<Uint8Array, KeyObject>();

function prepared(key: Uint8Array): KeyObject {
  const known = ready.get(key);
  if (known) return known;
  const made = createSecretKey(key);
  ready.set(key, made);
  return made;
}

const macOf = (key: Uint8Array, scope: string, text: Uint8Array): Buffer =>
  createHmac('sha256', prepared(key)).update(`${scope.length}.${scope}.`).update(text).digest().subarray(0, MAC_BYTES);
