import { createHmac } from 'node:crypto';
import { IDS, type Ids } from '#kernel';
import { createdOnce, decodeText, encodeText, VAULT, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';

/** Maximum number of addresses of one person. Requests from further ones are recorded with their network only. */
const MAX_ADDRESSES = 2_000;

const folderOf = (userId: string): string => `origins/${userId}/`;
const keyName = (userId: string): string => `${folderOf(userId)}key`;
const addressName = (userId: string, id: string): string => `${folderOf(userId)}${id}`;

/**
 * Client addresses of people, each in one encrypted record. The ID of a record is an HMAC under a key of the person, so
 * that simultaneous requests get the same one. When the person is erased, the key is erased too: the ID, which events
 * contain, can then not be compared with the addresses of its network.
 */
@Injectable()
export class ClientAddresses {
  constructor(
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  /** Stores an address and returns the ID of its record; undefined if the person has too many. */
  async keep(userId: string, address: string): Promise<string | undefined> {
    const key = await createdOnce(this.vault, keyName(userId), () => this.ids.random(32));
    const id = createHmac('sha256', key).update(address).digest('hex').slice(0, 32);
    const name = addressName(userId, id);
    if (await this.vault.get(name)) return id;
    if ((await this.count(userId)) >= MAX_ADDRESSES) return undefined;
    await this.vault.put(name, encodeText(address));
    return id;
  }

  async get(userId: string, id: string): Promise<string | undefined> {
    const record = await this.vault.get(addressName(userId, id));
    return record && decodeText(record.value);
  }

  /** Deletes all addresses of a person, and the key of their IDs. */
  async erase(userId: string): Promise<void> {
    const names: string[] = [];
    for await (const { name } of this.vault.list(folderOf(userId))) names.push(name);
    for (const name of names) await this.vault.delete(name);
  }

  private async count(userId: string): Promise<number> {
    let count = 0;
    for await (const { name } of this.vault.list(folderOf(userId))) if (name !== keyName(userId)) count += 1;
    return count;
  }
}

export const CLIENT_ADDRESSES = Symbol('client addresses');
