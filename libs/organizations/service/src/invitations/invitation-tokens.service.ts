import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { IDS, type Ids } from '#kernel';
import { createdOnce, VAULT, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';

const KEY_RECORD = 'organizations/invitation-key';

/**
 * Derives the tokens of invitations (256 bits) from a key in the vault, so that a message can be written again after a
 * crash although only a token's digest is recorded.
 */
@Injectable()
export class InvitationTokens {
  private key: Promise<KeyObject> | undefined;

  constructor(
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  /**
   * Returns the token that a command gives to an invitation.
   *
   * @param commandId of the command that invited, or sent it again
   */
  async tokenOf(invitationId: string, commandId: string): Promise<string> {
    this.key ??= this.loadKey().catch((error: unknown) => {
      this.key = undefined;
      throw error;
    });
    return createHmac('sha256', await this.key)
      .update(`${invitationId}\n${commandId}`)
      .digest('base64url');
  }

  /** Returns the digest of a token, as events contain it: lower-case hex SHA-256. */
  digestOf(token: string): string {
    return createHash('sha256').update(token).digest('hex');
  }

  private async loadKey(): Promise<KeyObject> {
    return createSecretKey(await createdOnce(this.vault, KEY_RECORD, () => this.ids.random(32)));
  }
}
