import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { domainError, err, ok, type DomainError, type Json, type Result } from '#kernel';

const MAC_BYTES = 16;
const MAX_LENGTH = 4_096;

/**
 * Returns an opaque cursor: `content` and its `scope` (organization, list, filters), signed, so that a client can
 * neither forge a cursor nor use it in another scope.
 *
 * @param key at least 32 bytes
 */
export function signCursor(key: Uint8Array, scope: string, content: Json): string {
  const text = Buffer.from(JSON.stringify(content));
  return Buffer.concat([macOf(key, scope, text), text]).toString('base64url');
}

/** Returns the content of a cursor for this scope; `edge/cursor-invalid` (400) for any other text. */
export function openCursor(
  key: Uint8Array,
  scope: string,
  cursor: string,
): Result<Json, DomainError<'edge/cursor-invalid'>> {
  const bytes =
    cursor.length <= MAX_LENGTH && /^[A-Za-z0-9_-]+$/.test(cursor) ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
  const text = bytes.subarray(MAC_BYTES);
  // Base64 has spare bits. Only the canonical encoding is accepted.
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

/** Imported keys, cached because import is slow. */
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
