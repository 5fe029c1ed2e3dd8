import { domainError, err, ok, type DomainError, type Result } from '#kernel';

/** A key that wraps data keys. The id is public and stands beside everything that it wrapped. */
export interface SealingKey {
  /** 1 to 32 letters, digits, `-` and `_`. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

const ID = /^[A-Za-z0-9_-]{1,32}$/;
const KEY_BYTES = 32;

/**
 * Reads `id:base64key,id:base64key`, the newest first: the form of `ASTRO_SEALING_KEYS`. White space around an entry
 * is passed over. The refusal names the entry by its number and never repeats what was in it.
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
    // Buffer.from skips what is not base64, so encoding the result again must give the input.
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

/** The form that `parseSealingKeys` reads. A secret. */
export const formatSealingKeys = (keys: readonly SealingKey[]): string =>
  keys.map(({ id, key }) => `${id}:${Buffer.from(key).toString('base64')}`).join(',');

const refusal = (index: number, fault: string) =>
  err(
    domainError('vault/invalid-sealing-keys', 'invalid', `Sealing key number ${index + 1} ${fault}.`, {
      fix: 'use id:base64key,id:base64key, newest first; create a key with openssl rand -base64 32',
    }),
  );
