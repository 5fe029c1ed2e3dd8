import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import type { SealingKey } from './sealing-keys.ts';
import { VaultSealError } from './vault.ts';

/** Bytes of plaintext in one part; the last part may be shorter. */
export const PART_BYTES = 512 * 1024;

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Data that is authenticated with a record, so that exchanging two records, or restoring an older version, invalidates
 * the seal.
 */
export interface RecordIdentity {
  readonly name: string;
  readonly version: number;
  /** Size of the value in bytes. */
  readonly size: number;
}

/** A wrapped data key: nonce, ciphertext, and tag. */
export interface WrappedKey {
  readonly keyId: string;
  readonly wrapped: Uint8Array;
}

export interface SealedRecord extends WrappedKey {
  /** Ciphertext and tag of each part, with at most PART_BYTES of plaintext. An empty value has one part. */
  readonly parts: readonly Uint8Array[];
}

/**
 * Seals a value with its own data key.
 * @param random source of unpredictable bytes
 */
export function sealRecord(
  record: Omit<RecordIdentity, 'size'>,
  value: Uint8Array,
  key: SealingKey,
  random: (bytes: number) => Uint8Array,
): SealedRecord {
  const sealed = sealParts(record, value, key, random);
  return { ...sealed, parts: [...sealed.parts] };
}

/** Like `sealRecord`, but seals each part when it is taken from `parts`, so that the caller can pause in between. */
export function sealParts(
  record: Omit<RecordIdentity, 'size'>,
  value: Uint8Array,
  key: SealingKey,
  random: (bytes: number) => Uint8Array,
): WrappedKey & { readonly parts: Iterable<Uint8Array> } {
  const identity = { ...record, size: value.length };
  const dataKey = random(KEY_BYTES);
  function* parts() {
    for (let n = 0; n < partsOf(value.length); n++) {
      // The data key seals only this version, so the part's number is a unique nonce.
      yield encrypt(
        dataKey,
        partNonce(n),
        associated(identity, `part ${n}`),
        value.subarray(n * PART_BYTES, (n + 1) * PART_BYTES),
      );
    }
  }
  return { ...wrapKey(identity, dataKey, key, random), parts: parts() };
}

/**
 * Opens a record sealed by `sealRecord`.
 * @throws VaultSealError if the key is missing in `keys`, or if the record, its name, or its version was altered
 */
export function openRecord(identity: RecordIdentity, sealed: SealedRecord, keys: readonly SealingKey[]): Uint8Array {
  const dataKey = unwrapKey(identity, sealed, keys);
  if (sealed.parts.length !== partsOf(identity.size)) throw altered(identity);
  try {
    const value = Buffer.concat(
      sealed.parts.map((part, n) => decrypt(dataKey, partNonce(n), associated(identity, `part ${n}`), part)),
    );
    if (value.length === identity.size) return new Uint8Array(value.buffer, value.byteOffset, value.length);
  } catch (cause) {
    throw altered(identity, cause);
  }
  throw altered(identity);
}

/** Wraps a data key with another sealing key. The sealed value does not change. */
export function rewrapKey(
  identity: RecordIdentity,
  from: WrappedKey,
  keys: readonly SealingKey[],
  to: SealingKey,
  random: (bytes: number) => Uint8Array,
): WrappedKey {
  return wrapKey(identity, unwrapKey(identity, from, keys), to, random);
}

/** @throws VaultSealError with the key ID if the key is missing, or is not the one that wrapped it */
export function unwrapKey(
  identity: RecordIdentity,
  { keyId, wrapped }: WrappedKey,
  keys: readonly SealingKey[],
): Uint8Array {
  const key = keys.find(({ id }) => id === keyId);
  if (!key) throw missingKey(keyId);
  try {
    return decrypt(
      prepared(key),
      wrapped.subarray(0, NONCE_BYTES),
      associated(identity, 'key'),
      wrapped.subarray(NONCE_BYTES),
    );
  } catch (cause) {
    throw new VaultSealError(
      `The sealing key "${keyId}" cannot open a record that was sealed with it: the key has changed, or the record was altered.`,
      { cause },
    );
  }
}

/** Returns the error for a key that records require but that is missing, at start or later. */
const missingKey = (keyId: string): VaultSealError =>
  new VaultSealError(
    `Records of the vault are sealed with the key "${keyId}", which is not one of the sealing keys; add it after the newest key and start again.`,
  );

function wrapKey(
  identity: RecordIdentity,
  dataKey: Uint8Array,
  key: SealingKey,
  random: (bytes: number) => Uint8Array,
): WrappedKey {
  const nonce = random(NONCE_BYTES);
  return {
    keyId: key.id,
    wrapped: Buffer.concat([nonce, encrypt(prepared(key), nonce, associated(identity, 'key'), dataKey)]),
  };
}

/** Sealing keys in the cipher's form, prepared once. */
const ready = new WeakMap<SealingKey, KeyObject>();

function prepared(key: SealingKey): KeyObject {
  const known = ready.get(key);
  if (known) return known;
  const made = createSecretKey(key.key);
  ready.set(key, made);
  return made;
}

function encrypt(key: Uint8Array | KeyObject, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array | KeyObject, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(aad)
    .setAuthTag(sealed.subarray(end));
  const plain = decipher.update(sealed.subarray(0, end));
  decipher.final(); // verifies the tag, and returns no bytes with GCM
  return plain;
}

/** Encodes the authenticated data unambiguously, as a JSON list. */
const associated = ({ name, version, size }: RecordIdentity, what: string): Uint8Array =>
  Buffer.from(JSON.stringify(['astro vault v1', what, name, version, size]));

function partNonce(n: number): Uint8Array {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(n, NONCE_BYTES - 4);
  return nonce;
}

const partsOf = (size: number): number => Math.max(1, Math.ceil(size / PART_BYTES));

const altered = ({ name }: RecordIdentity, cause?: unknown): VaultSealError =>
  new VaultSealError(`The record ${name} of the vault was altered since it was sealed; restore it from a backup.`, {
    cause,
  });
