import { domainError, UnavailableError, type DomainError, type Result, type UnavailableOptions } from '#kernel';

/** The value of a record, and its version for conditional replacement. */
export interface VaultRecord {
  readonly value: Uint8Array;
  /** Increases with each put. A version is never used again for the same name, even after a deletion. */
  readonly version: number;
}

export interface PutOptions {
  /**
   * `'absent'`: only if there is no record; a number: only if this is the current version; by default unconditional.
   */
  readonly expected?: 'absent' | number;
  /** Milliseconds since 1970 from which `get` does not find the record anymore. */
  readonly expiresAtMs?: number;
}

/**
 * Storage of data that is neither an event nor computable from events: credentials, sealed secrets, names and addresses
 * of people, state of the issuer, manifests, and rendered bytes. Each value is sealed (AES-256-GCM) with its own data
 * key, which is wrapped with a sealing key. The record's name is authenticated, so that values cannot be exchanged.
 * Names are paths (`manifest/<organization>/<digest>`) and contain no secrets and no personal data.
 */
export interface Vault {
  /**
   * Stores a value.
   * @returns the new version, or `vault/conflict`
   */
  put(
    /** 1 to 512 characters without control characters. Other names throw RangeError in every engine. */
    name: string,
    value: Uint8Array,
    options?: PutOptions,
  ): Promise<Result<number, DomainError<'vault/conflict'>>>;
  get(name: string): Promise<VaultRecord | undefined>;
  /**
   * Permanently removes a value and its data key.
   * @returns false if there was none
   */
  delete(name: string): Promise<boolean>;
  /** Lists names with the prefix `prefix` in order, with the time of their last put (milliseconds since 1970). */
  list(prefix: string): AsyncIterable<{ readonly name: string; readonly updatedAtMs: number }>;
  close(): Promise<void>;
}

/** A record as it is stored, for a backup. It can be opened only under its name and version, with its sealing key. */
export interface SealedCopy {
  readonly name: string;
  readonly version: number;
  /** Size of the value in bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly updatedAtMs: number;
  /** Milliseconds since 1970; null if it does not expire. */
  readonly expiresAtMs: number | null;
  /** ID of the sealing key that wraps the data key. */
  readonly keyId: string;
  readonly wrapped: Uint8Array;
  readonly parts: readonly Uint8Array[];
}

/** Additional operations of engines: rotation of sealing keys, and backups. */
export interface SealedVault extends Vault {
  /**
   * Wraps every data key with the newest sealing key. Can be interrupted and repeated.
   * @returns the number of rewrapped keys
   */
  rewrap(): Promise<number>;
  /** Returns the IDs of sealing keys that records require but that are missing or have other bytes. */
  missingKeys(): Promise<readonly string[]>;
  /**
   * Returns copies of all records that have not expired, in the order of their names, one at a time. A record that is
   * changed at the same time is returned in its earlier or its later state.
   *
   * @param updatedFromMs only records with a put since then (milliseconds since 1970). Default: all.
   */
  copies(updatedFromMs?: number): AsyncIterable<SealedCopy>;
  /**
   * Stores copies from any vault with the same sealing keys, and replaces records with their names. Later puts have
   * later versions.
   */
  restore(copies: readonly SealedCopy[]): Promise<void>;
  /** @throws VaultSealError if `get` could not open the copy: its key is missing, or it was altered */
  checkCopy(copy: SealedCopy): void;
}

/**
 * Returns copies of the records of an engine, as `SealedVault.copies` does.
 *
 * @param copyOf returns the copy of a record; undefined if there is none of this name any more
 */
export async function* copiesOf(
  vault: Pick<Vault, 'list'>,
  copyOf: (name: string) => Promise<SealedCopy | undefined>,
  updatedFromMs = Number.NEGATIVE_INFINITY,
): AsyncGenerator<SealedCopy> {
  for await (const { name, updatedAtMs } of vault.list('')) {
    if (updatedAtMs < updatedFromMs) continue;
    const copy = await copyOf(name);
    if (copy) yield copy;
  }
}

/** Thrown if the vault does not respond. Whether a put took effect is unknown. */
export class VaultUnavailableError extends UnavailableError<'vault/unavailable'> {
  readonly code = 'vault/unavailable';

  constructor(message: string, options: UnavailableOptions = {}) {
    super(
      message,
      domainError('vault/unavailable', 'unavailable', 'The vault is not responding.', {
        fix: 'try again',
        retryAfterSeconds: 2,
      }),
      options,
    );
  }
}

/** Thrown if a record cannot be opened: its sealing key is missing, or its bytes were altered. */
export class VaultSealError extends Error {
  readonly code = 'vault/seal';
}

const NAME = /^[^\p{Cc}\p{Cs}]{1,512}$/u;

/** @throws RangeError for an invalid name, on every engine */
export function checkRecordName(name: string): void {
  if (!NAME.test(name))
    throw new RangeError('a record of the vault is named by 1 to 512 characters, none of them a control character');
}

/** Returns the refusal of a put that expected another version, on every engine. */
export const vaultConflict = (): DomainError<'vault/conflict'> =>
  domainError('vault/conflict', 'conflict', 'The record has changed since it was read.', {
    fix: 'read it again and repeat the change',
  });

export const VAULT = Symbol('vault');

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const encodeText = (text: string): Uint8Array => encoder.encode(text);
export const decodeText = (bytes: Uint8Array): string => decoder.decode(bytes);
