import { BUS, type Bus } from '#bus';
import type { ReplyMeta } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, err, IDS, ok, type Clock, type CommandContext, type DomainError, type Ids, type Result } from '#kernel';
import { publicKeyOf } from '#transparency';
import { VAULT, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { signingKeyDecider, type SigningKey, type SigningKeyList } from './head.decider.ts';
import { SIGNING_KEYS } from './head.events.ts';

const SEED_BYTES = 32;
/** Prefix of the vault records of seeds. */
export const SEED_RECORDS = 'audit-signing-key/';

/** A key that was added, and the one that it replaced. */
interface AddedKey {
  readonly key: SigningKey;
  readonly retired: SigningKey | undefined;
  readonly meta: ReplyMeta;
}

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

  /**
   * Returns the seed of the newest key (32 bytes), and the number of keys. Reads the log, so that a key that another
   * process has added is used from the next head on. Creates the first key if there is none.
   */
  async newest(): Promise<Result<{ readonly seed: Uint8Array; readonly number: number }, DomainError>> {
    for (;;) {
      const keys = await this.list();
      if (!keys.ok) return keys;
      const newest = keys.value.at(-1);
      if (newest === undefined) {
        const added = await this.add(this.bus.own({}));
        if (!added.ok && added.error.code !== 'audit/key-added') return added;
        continue;
      }
      const record = await this.vault.get(recordOf(newest));
      if (!record) throw new Error('the vault has lost the key that signs heads of the audit log');
      return ok({ seed: record.value, number: keys.value.length });
    }
  }

  /**
   * Creates a key, which signs all heads from now on. Its seed is stored before the event that names it: if the process
   * is killed in between, the earlier key continues to sign, and a sweep removes the seed.
   */
  async add(context: CommandContext): Promise<Result<AddedKey, DomainError>> {
    const keys = await this.list();
    if (!keys.ok) return keys;
    const seed = this.ids.random(SEED_BYTES);
    const publicKey = Buffer.from(publicKeyOf(seed)).toString('base64');
    const record = recordOf({ publicKey });
    await this.vault.put(record, seed);
    const command = { publicKey, createdAt: new Date(this.clock.now()).toISOString(), after: keys.value.length };
    const added = await this.commands.run(signingKeyDecider, SIGNING_KEYS, command, context);
    if (!added.ok) {
      if (added.error.code === 'audit/key-added') await this.vault.delete(record);
      return err(added.error);
    }
    const { state, meta } = added.value;
    const [key, retired] = state.toReversed();
    if (key === undefined) throw new Error('no key was added');
    if (key.publicKey !== publicKey) await this.vault.delete(record); // a repeated request, which has added its key before
    return ok({ key, retired, meta });
  }

  /** Returns whether a vault record holds the seed of a key in the log. */
  async isNamed(record: string): Promise<boolean> {
    const keys = await this.list();
    return !keys.ok || keys.value.some((key) => recordOf(key) === record);
  }
}

/** A public key is not secret, but standard base64 contains slashes, which separate the parts of names. */
const recordOf = ({ publicKey }: Pick<SigningKey, 'publicKey'>): string =>
  `${SEED_RECORDS}${Buffer.from(publicKey, 'base64').toString('hex').slice(0, 32)}`;
