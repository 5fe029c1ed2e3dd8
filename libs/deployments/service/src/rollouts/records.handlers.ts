import { webcrypto } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { Input, refuse, reply, Serves, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { getRecordRequest, putRecordRequest, RECORD_PART_BYTES } from '#deployments/contract';
import { CLOCK, type Clock } from '#kernel';
import { VAULT, type Vault, type VaultRecord } from '#vault';
import { Controller, Inject } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { deploymentsErrors } from '../deployments.errors.ts';
import { SECRET_RECORDS } from '../shared/secret-records.ts';

/** Prefixes of the records that attempts read. Workers cannot read other records of the vault. */
const READ = ['cluster-credential/', 'host-credential/', 'resolved/', 'rendered/', 'fingerprint-key/', SECRET_RECORDS];
const WRITTEN = ['rendered/', 'fingerprint-key/'];
/** How long parts are kept until the last one arrives. */
const PARTS_MS = 10 * 60_000;
/** Large records that are being read, and how long they are kept for the next part. */
const READING = { maxSize: 64 * 1024 * 1024, ttl: 10_000 };

const isOneOf = (name: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => name.startsWith(prefix));
const partName = (digest: string, part: number): string => `record-part/${digest}/${part}`;

/** Gives workers access to the records of the vault that they need. */
@Controller()
export class RecordsHandlers {
  private readonly reading = new LRUCache<string, VaultRecord>({
    ...READING,
    sizeCalculation: ({ value }) => value.length,
  });

  constructor(
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(getRecordRequest)
  async get(@Input() { name, part }: InputOf<typeof getRecordRequest>): Promise<ReplyTo<typeof getRecordRequest>> {
    if (!isOneOf(name, READ)) return refuse(deploymentsErrors.recordNotShared());
    const found = (part > 0 ? this.reading.get(name) : undefined) ?? (await this.vault.get(name));
    const parts = Math.max(1, Math.ceil((found?.value.length ?? 0) / RECORD_PART_BYTES));
    if (!found || part >= parts) return reply({ record: null });
    if (part < parts - 1) this.reading.set(name, found);
    else this.reading.delete(name);
    const bytes = found.value.subarray(part * RECORD_PART_BYTES, (part + 1) * RECORD_PART_BYTES);
    return reply({ record: { version: found.version, parts, bytes: Buffer.from(bytes).toString('base64') } });
  }

  @Serves(putRecordRequest)
  async put(
    @Input() { name, part, parts, digest, bytes, expected }: InputOf<typeof putRecordRequest>,
  ): Promise<ReplyTo<typeof putRecordRequest>> {
    if (!isOneOf(name, WRITTEN)) return refuse(deploymentsErrors.recordNotShared());
    if (part < parts - 1) {
      const expiresAtMs = this.clock.now() + PARTS_MS;
      await this.vault.put(partName(digest, part), Buffer.from(bytes, 'base64'), { expiresAtMs });
      return reply({});
    }
    const value = await this.whole(digest, part, Buffer.from(bytes, 'base64'));
    if (!value) return refuse(deploymentsErrors.recordIncomplete());
    const stored = await this.vault.put(name, value, expected === undefined ? {} : { expected });
    for (let before = 0; before < part; before++) await this.vault.delete(partName(digest, before));
    return stored.ok ? reply({}) : refuse(stored.error);
  }

  /** Joins all parts. Returns undefined if one is missing or the digest differs. */
  private async whole(digest: string, last: number, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    const all: Uint8Array[] = [];
    for (let part = 0; part < last; part++) {
      const found = await this.vault.get(partName(digest, part));
      if (!found) return undefined;
      all.push(found.value);
      await turn(); // a record may have 20 MB
    }
    const value = Buffer.concat([...all, bytes]);
    return (await sha256(value)) === digest ? value : undefined;
  }
}

/** Hashes without blocking the event loop. @returns hexadecimal digits */
const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
