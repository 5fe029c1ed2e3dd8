import { BUS, type Bus } from '#bus';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, err, IDS, ok, type Clock, type DomainError, type Ids, type Result } from '#kernel';
import { publicKeyOf } from '#transparency';
import { VAULT, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { signingKeyDecider, type SigningKeyList } from './head.decider.ts';
import { SIGNING_KEYS } from './head.events.ts';

const SEED_BYTES = 32;

/** The keys of the installation that sign heads. Their seeds are in the vault. */
@Injectable()
export class SigningKeys {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Returns the public keys, oldest first. */
  async list(): Promise<Result<SigningKeyList, DomainError>> {
    const loaded = await this.commands.load(signingKeyDecider, SIGNING_KEYS);
    return loaded.ok ? ok(loaded.value.state) : loaded;
  }

  /** Returns the seed of the newest key: 32 bytes. Creates the first key if there is none. */
  async newestSeed(): Promise<Result<Uint8Array, DomainError>> {
    for (;;) {
      const keys = await this.list();
      if (!keys.ok) return keys;
      const newest = keys.value.at(-1);
      if (newest === undefined) {
        const added = await this.add();
        if (!added.ok && added.error.code !== 'audit/key-added') return added;
        continue;
      }
      const record = await this.vault.get(recordOf(newest.publicKey));
      if (!record) throw new Error('the vault has lost the key that signs heads of the audit log');
      return ok(record.value);
    }
  }

  /** Creates a key, which signs all heads from now on. Returns its public key in standard base64. */
  async add(): Promise<Result<string, DomainError>> {
    const keys = await this.list();
    if (!keys.ok) return keys;
    const seed = this.ids.random(SEED_BYTES);
    const publicKey = Buffer.from(publicKeyOf(seed)).toString('base64');
    await this.vault.put(recordOf(publicKey), seed);
    const command = { publicKey, createdAt: new Date(this.clock.now()).toISOString(), after: keys.value.length };
    const created = await this.commands.run(signingKeyDecider, SIGNING_KEYS, command, this.bus.own({}));
    if (created.ok) return ok(publicKey);
    if (created.error.code === 'audit/key-added') await this.vault.delete(recordOf(publicKey));
    return err(created.error);
  }
}

/** A public key is not secret, but standard base64 contains slashes, which separate the parts of names. */
const recordOf = (publicKey: string): string =>
  `audit-signing-key/${Buffer.from(publicKey, 'base64').toString('hex').slice(0, 32)}`;
