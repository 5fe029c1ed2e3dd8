import { domainError, UnavailableError, type DomainError, type Result, type UnavailableOptions } from '#kernel';

/** A record's content and the version to compare with when it is replaced. */
export interface VaultRecord {
  readonly value: Uint8Array;
  /** Grows with each put; no record of the same name ever has it again, also after a deletion. */
  readonly version: number;
}

export interface PutOptions {
  /** `'absent'`: only when there is no record; a number: only over that version; left out: over anything. */
  readonly expected?: 'absent' | number;
  /** Milliseconds since 1970 from which `get` no longer finds the record. */
  readonly expiresAtMs?: number;
}

/**
 * What is neither an event nor computable from one: credentials, sealed secrets, people's names and addresses, issuer
 * state, manifests, rendered bytes. Every value is sealed (AES-256-GCM) under a data key of its own, which is wrapped by
 * a sealing key; the record's name is authenticated with it, so that values cannot be exchanged behind our back.
 * Names are paths (`manifest/<organization>/<digest>`) and hold no secret and no personal data.
 */
export interface Vault {
  /**
   * Stores a value.
   * @returns the new version, or `vault/conflict`
   */
  put(
    /** 1 to 512 characters, none of them a control character; anything else throws RangeError, as in every engine. */
    name: string,
    value: Uint8Array,
    options?: PutOptions,
  ): Promise<Result<number, DomainError<'vault/conflict'>>>;
  get(name: string): Promise<VaultRecord | undefined>;
  /** Removes value and data key for good; false when there was none. */
  delete(name: string): Promise<boolean>;
  /** Names that begin with `prefix`, in order, with the time they were last put (milliseconds since 1970). */
  list(prefix: string): AsyncIterable<{ readonly name: string; readonly updatedAtMs: number }>;
  close(): Promise<void>;
}

/** What engines offer beyond the vault's daily use: rotation of sealing keys. */
export interface SealedVault extends Vault {
  /** Wraps every data key that an older sealing key wraps with the newest; the count. May be broken off and repeated. */
  rewrap(): Promise<number>;
  /** Ids of sealing keys that records need and that were not given, or whose bytes are not the ones that sealed. */
  missingKeys(): Promise<readonly string[]>;
}

/** The vault did not answer; whether a put took effect is unknown. */
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

/** A record cannot be opened: its sealing key is not among those given, or its bytes were altered. */
export class VaultSealError extends Error {
  readonly code = 'vault/seal';
}

const NAME = /^[^\p{Cc}\p{Cs}]{1,512}$/u;

/** @throws RangeError for an invalid name of a record; the same on every engine */
export function checkRecordName(name: string): void {
  if (!NAME.test(name))
    throw new RangeError('a record of the vault is named by 1 to 512 characters, none of them a control character');
}

/** The refusal of a put over another version than the one that was expected; the same on every engine. */
export const vaultConflict = (): DomainError<'vault/conflict'> =>
  domainError('vault/conflict', 'conflict', 'The record has changed since it was read.', {
    fix: 'read it again and repeat the change',
  });

export const VAULT = Symbol('vault');

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const encodeText = (text: string): Uint8Array => encoder.encode(text);
export const decodeText = (bytes: Uint8Array): string => decoder.decode(bytes);
