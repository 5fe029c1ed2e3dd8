import { domainError, err, ok, type DomainError, type Result } from '#kernel';

/** A key that wraps data keys. Its ID is public and stored with everything that it has wrapped. */
export interface SealingKey {
  /** 1 to 32 letters, digits, `-`, and `_`. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

const ID = /^[A-Za-z0-9_-]{1,32}$/;
const KEY_BYTES = 32;

/**
 * Parses `id:base64key,id:base64key`, newest first, the format of `ASTRO_SEALING_KEYS`. Ignores whitespace around
 * entries. The error contains the number of the invalid entry, but never its content.
 */
export function parseSealingKeys(
  text: string,
): Result<readonly SealingKey[], DomainError<'vault/invalid-sealing-keys'>> {
  const keys: SealingKey[] = [];
  const seen = new Set<string>();
  for (const [index, entry] of text.split(',').entries()) {
    const parts = entry.trim().split(':');
    const [id, encoded] = parts;
    if (parts.length !== 2 || id === undefined || encoded === undefined || !ID.test(id))
      return refusal(index, 'is not of the form id:base64key');
    const key = Buffer.from(encoded, 'base64');
    // Buffer.from ignores invalid base64, so encoding the result must return the input.
    if (
      key.length !== KEY_BYTES ||
      key.toString('base64url') !== encoded.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_')
    ) {
      return refusal(index, `is not the base64 of ${KEY_BYTES} bytes`);
    }
    if (seen.has(id)) return refusal(index, 'repeats the ID of an earlier key');
    seen.add(id);
    keys.push({ id, key: new Uint8Array(key) });
  }
  return ok(keys);
}

/** Formats keys for `parseSealingKeys`. The result is secret. */
export const formatSealingKeys = (keys: readonly SealingKey[]): string =>
  keys.map(({ id, key }) => `${id}:${Buffer.from(key).toString('base64')}`).join(',');

const refusal = (index: number, fault: string) =>
  err(
    domainError('vault/invalid-sealing-keys', 'invalid', `Sealing key number ${index + 1} ${fault}.`, {
      fix: 'use id:base64key,id:base64key, newest first; create a key with openssl rand -base64 32',
    }),
  );
