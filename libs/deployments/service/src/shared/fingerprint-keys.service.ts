import { createHmac } from 'node:crypto';
import { err, IDS, ok, type DomainError, type Ids, type Result } from '#kernel';
import { createdOnce, decodeText, encodeText, VAULT, VaultUnavailableError, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';

/**
 * Keys of fingerprints, without which a secret cannot be guessed from its fingerprint. One per organization, created on
 * first use, here or by a worker.
 */
@Injectable()
export class FingerprintKeys {
  constructor(
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  async of(organizationId: string): Promise<Result<string, DomainError>> {
    const name = `fingerprint-key/${organizationId}`;
    try {
      const created = () => encodeText(Buffer.from(this.ids.random(32)).toString('base64'));
      return ok(decodeText(await createdOnce(this.vault, name, created)));
    } catch (error) {
      if (error instanceof VaultUnavailableError) return err(error.error);
      throw error;
    }
  }
}

/** Returns the fingerprint of a value, as in `SecretVersion`. @param hmacKey the organization's key for fingerprints */
export const fingerprintOf = (hmacKey: string, key: string, value: string): string =>
  createHmac('sha256', hmacKey)
    .update(JSON.stringify(['secret', key, value]))
    .digest('hex')
    .slice(0, 32);
