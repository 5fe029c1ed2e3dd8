import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Claims } from '#identity/contract';
import { CLOCK, IDS, type Clock, type Ids } from '#kernel';
import { decodeText, encodeText, VAULT, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { normalizedAddress } from './address.ts';

export const PEOPLE = Symbol('people');

const personSchema = z.object({
  issuer: z.string(),
  subject: z.string(),
  email: z.string().nullable(),
  emailVerified: z.boolean(),
  name: z.string().nullable(),
});

/** What is known about a person. Nowhere but in the vault: erasing the record erases the person. */
export type PersonRecord = z.infer<typeof personSchema>;

/** Records in memory, so that a list of people opens none of them twice. */
const REMEMBERED = 10_000;
/** Milliseconds until a change that another process of this service made is seen; one of this process is seen at once. */
const REMEMBER_MS = 30_000;

const LOOKUP_KEY = 'identity/lookup-key';
const personName = (userId: string): string => `person/${userId}`;

/** @param known what still counts where the claims say nothing */
function recordOf(
  { issuer, subject, email, emailVerified, name }: Claims,
  known: PersonRecord | undefined,
): PersonRecord {
  return {
    issuer,
    subject,
    email: email ?? known?.email ?? null,
    emailVerified: (email === undefined ? known?.emailVerified : emailVerified) ?? false,
    name: name ?? known?.name ?? null,
  };
}

/**
 * People's names and addresses, one sealed record each, and a way to find a user by subject or verified address: both
 * under names that say nothing without the key.
 */
@Injectable()
export class People {
  private key: Promise<KeyObject> | undefined;
  private readonly remembered: LRUCache<string, PersonRecord>;

  constructor(
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(CLOCK) clock: Clock,
  ) {
    const perf = { now: () => clock.monotonic() };
    this.remembered = new LRUCache({ max: REMEMBERED, ttl: REMEMBER_MS, ttlResolution: 0, perf });
  }

  /** The stream that says which user a token's subject is. */
  async subjectStream({ issuer, subject }: Pick<Claims, 'issuer' | 'subject'>): Promise<string> {
    return `subjects-${await this.digest(`subject\n${issuer}\n${subject}`)}`;
  }

  /**
   * What is known about a person, to show it: at most 30 s old. Whether the person was erased is not asked here; the user's
   * stream says it.
   */
  async shown(userId: string): Promise<PersonRecord | undefined> {
    return this.remembered.get(userId) ?? this.get(userId);
  }

  /** What is known about a person now. */
  async get(userId: string): Promise<PersonRecord | undefined> {
    const record = await this.vault.get(personName(userId));
    const person = record && personSchema.parse(JSON.parse(decodeText(record.value)));
    if (person) this.remembered.set(userId, person);
    else this.remembered.delete(userId);
    return person;
  }

  /**
   * Keeps what a token says about its person, when it says something new. Only a verified address finds its user. What
   * incomplete claims do not say stays as it was.
   */
  async keep(userId: string, claims: Claims): Promise<void> {
    const before = await this.get(userId);
    const next = recordOf(claims, claims.incomplete ? before : undefined);
    if (before === undefined || JSON.stringify(before) !== JSON.stringify(next)) {
      await this.vault.put(personName(userId), encodeText(JSON.stringify(next)));
      this.remembered.delete(userId);
    }
    if (before?.email && before.email !== next.email) await this.forgetAddress(before.email, userId);
    if (next.email !== null && next.emailVerified) await this.indexAddress(next.email, userId);
  }

  /** The user with that verified address. */
  async byAddress(address: string): Promise<string | undefined> {
    const record = await this.vault.get(await this.addressName(address));
    const userId = record && decodeText(record.value);
    return userId !== undefined && (await this.hasAddress(userId, address)) ? userId : undefined;
  }

  private async indexAddress(address: string, userId: string): Promise<void> {
    const name = await this.addressName(address);
    const present = await this.vault.get(name);
    const holder = present && decodeText(present.value);
    // Two accounts of two issuers with one address stay apart: the first keeps the address.
    if (holder === userId || (holder !== undefined && (await this.hasAddress(holder, address)))) return;
    await this.vault.put(name, encodeText(userId), { expected: present?.version ?? 'absent' });
  }

  private async forgetAddress(address: string, userId: string): Promise<void> {
    const name = await this.addressName(address);
    const present = await this.vault.get(name);
    if (present && decodeText(present.value) === userId) await this.vault.delete(name);
  }

  private async hasAddress(userId: string, address: string): Promise<boolean> {
    const person = await this.get(userId);
    return (
      person?.email != null && person.emailVerified && normalizedAddress(person.email) === normalizedAddress(address)
    );
  }

  private async addressName(address: string): Promise<string> {
    return `address/${await this.digest(`address\n${normalizedAddress(address)}`)}`;
  }

  private async digest(text: string): Promise<string> {
    this.key ??= this.loadKey().catch((error: unknown) => {
      this.key = undefined;
      throw error;
    });
    return createHmac('sha256', await this.key)
      .update(text)
      .digest('hex')
      .slice(0, 40);
  }

  /** Made once for the installation; whoever comes second takes what the first one wrote. */
  private async loadKey(): Promise<KeyObject> {
    const present = await this.vault.get(LOOKUP_KEY);
    if (present) return createSecretKey(present.value);
    await this.vault.put(LOOKUP_KEY, this.ids.random(32), { expected: 'absent' });
    const written = await this.vault.get(LOOKUP_KEY);
    if (!written) throw new Error('the vault did not return the lookup key that was just written');
    return createSecretKey(written.value);
  }
}
