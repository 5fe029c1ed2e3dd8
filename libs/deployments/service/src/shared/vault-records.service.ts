import { createHash } from 'node:crypto';
import { canonicalJson, err, ok, type DomainError, type Result } from '#kernel';
import { decodeText, encodeText, VAULT, VaultUnavailableError, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';

/** Returns the SHA-256 of the canonical JSON in lower-case hexadecimal. */
export const digestOf = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex');

/** Returns the SHA-256 of a text in lower-case hexadecimal. */
export const textDigest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Stores what events may not contain in the vault. Records named by their digest never change. */
@Injectable()
export class VaultRecords {
  constructor(@Inject(VAULT) private readonly vault: Vault) {}

  /**
   * Stores a record before the event that refers to it. Repeating it resets the record's age, so that no sweep removes
   * it in the meantime.
   */
  async put(name: string, text: string): Promise<Result<void, DomainError>> {
    return guarded(async () => {
      const put = await this.vault.put(name, encodeText(text));
      return put.ok ? ok(undefined) : put;
    });
  }

  /**
   * Stores a record unless there is one.
   * @param expiresAtMs milliseconds since 1970 from which it no longer exists
   * @returns false if there was one
   */
  async putOnce(name: string, text: string, expiresAtMs?: number): Promise<Result<boolean, DomainError>> {
    return guarded(async () => {
      const options = { expected: 'absent', ...(expiresAtMs !== undefined && { expiresAtMs }) } as const;
      return ok((await this.vault.put(name, encodeText(text), options)).ok);
    });
  }

  /** Permanently removes all records whose names begin with a prefix. */
  async remove(prefix: string): Promise<Result<void, DomainError>> {
    return guarded(async () => {
      for await (const { name } of this.vault.list(prefix)) await this.vault.delete(name);
      return ok(undefined);
    });
  }

  async get(name: string): Promise<Result<string | undefined, DomainError>> {
    return guarded(async () => {
      const found = await this.vault.get(name);
      return ok(found && decodeText(found.value));
    });
  }
}

async function guarded<T>(use: () => Promise<Result<T, DomainError>>): Promise<Result<T, DomainError>> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof VaultUnavailableError) return err(error.error);
    throw error;
  }
}
