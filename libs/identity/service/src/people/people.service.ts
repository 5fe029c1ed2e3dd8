import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Claims } from '#identity/contract';
import { CLOCK, IDS, type Clock, type Ids } from '#kernel';
import { createdOnce, decodeText, encodeText, VAULT, type Vault } from '#vault';
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

/** Personal data of a user. Stored only in the vault, so that deleting the record erases the person. */
export type PersonRecord = z.infer<typeof personSchema>;

/** Maximum number of cached records, so that lists do not decrypt a record twice. */
const REMEMBERED = 10_000;
/**
 * Milliseconds until a change by another process of this service is visible. Changes by this process are visible
 * immediately.
 */
const REMEMBER_MS = 30_000;

const LOOKUP_KEY = 'identity/lookup-key';
const invitedSchema = z.object({ email: z.string(), keepUntilMs: z.number() });
const invitedName = (addressId: string): string => `invited-address/${addressId}`;
const personName = (userId: string): string => `person/${userId}`;

/**
 * Returns the record for claims.
 *
 * @param known record whose values apply where the claims have none
 */
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
 * People's names and addresses, each in one encrypted record, and lookups of a user by subject or verified address.
 * Names of records reveal nothing without the key.
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

  /** Returns the stream that assigns a user to a token's subject. */
  async subjectStream({ issuer, subject }: Pick<Claims, 'issuer' | 'subject'>): Promise<string> {
    return `subjects-${await this.digest(`subject\n${issuer}\n${subject}`)}`;
  }

  /**
   * Returns the record of a person for display, at most 30 s old. Does not check whether the user was erased, which the
   * user's stream records.
   */
  async shown(userId: string): Promise<PersonRecord | undefined> {
    return this.remembered.get(userId) ?? this.get(userId);
  }

  /** Returns the current record of a person. */
  async get(userId: string): Promise<PersonRecord | undefined> {
    const record = await this.vault.get(personName(userId));
    const person = record && personSchema.parse(JSON.parse(decodeText(record.value)));
    if (person) this.remembered.set(userId, person);
    else this.remembered.delete(userId);
    return person;
  }

  /**
   * Stores the claims of a token if they have changed. A user can be found only by a verified address. Values that
   * incomplete claims lack are unchanged.
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

  /** Returns the user with that verified address. */
  async byAddress(address: string): Promise<string | undefined> {
    const record = await this.vault.get(await this.addressName(address));
    const userId = record && decodeText(record.value);
    return userId !== undefined && (await this.hasAddress(userId, address)) ? userId : undefined;
  }

  /** Destroys the record of a person, and the lookup by address. A repeat deletes what is left. */
  async erase(userId: string): Promise<void> {
    const person = await this.get(userId);
    if (person?.email) {
      await this.forgetAddress(person.email, userId);
      await this.vault.delete(invitedName(await this.addressId(person.email)));
    }
    await this.vault.delete(personName(userId));
    this.remembered.delete(userId);
  }

  /**
   * Stores an address that was invited.
   *
   * @param keepUntilMs milliseconds since 1970 until which `addressOf` returns it
   * @returns its ID, which reveals nothing without the key
   */
  async registerAddress(address: string, keepUntilMs: number): Promise<string> {
    const addressId = await this.addressId(address);
    const name = invitedName(addressId);
    for (;;) {
      const present = await this.vault.get(name);
      const before = present && invitedSchema.parse(JSON.parse(decodeText(present.value)));
      if (before && before.keepUntilMs >= keepUntilMs) return addressId;
      const record = encodeText(JSON.stringify({ email: address.trim(), keepUntilMs }));
      const expected = present?.version ?? 'absent';
      if ((await this.vault.put(name, record, { expected, expiresAtMs: keepUntilMs })).ok) return addressId;
    }
  }

  /** Returns an address that was registered. */
  async addressOf(addressId: string): Promise<string | undefined> {
    const record = await this.vault.get(invitedName(addressId));
    return record && invitedSchema.parse(JSON.parse(decodeText(record.value))).email;
  }

  /** Returns the ID of the user's verified address; undefined if the issuer has not verified it. */
  async verifiedAddressId(userId: string): Promise<string | undefined> {
    const person = await this.get(userId);
    return person?.email != null && person.emailVerified ? this.addressId(person.email) : undefined;
  }

  private async indexAddress(address: string, userId: string): Promise<void> {
    const name = await this.addressName(address);
    const present = await this.vault.get(name);
    const holder = present && decodeText(present.value);
    // If two issuers have verified one address for two users, the first user keeps it.
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
    return `address/${await this.addressId(address)}`;
  }

  private addressId(address: string): Promise<string> {
    return this.digest(`address\n${normalizedAddress(address)}`);
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

  private async loadKey(): Promise<KeyObject> {
    return createSecretKey(await createdOnce(this.vault, LOOKUP_KEY, () => this.ids.random(32)));
  }
}
