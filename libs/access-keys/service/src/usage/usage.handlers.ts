import { keysUsedRequest } from '#access-keys/contract';
import { Input, reply, Serves, type Reply } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { position } from '#kernel';
import { READ_STORE, type Collection, type ReadStore, type Write } from '#read-store';
import { Controller, Inject, Injectable } from '@nestjs/common';

export const USAGE = Symbol('usage of keys');

/** When a key was last used, to the minute. This is not an event: if it is lost, the list shows no time. */
interface Used {
  readonly organizationId: string;
  readonly at: string;
}

const collection: Collection = { name: 'access-key-usage.v1', indexes: ['organizationId'] };
/** Returns the version of a write: an earlier minute never overwrites a later one, whichever process writes it. */
const minute = (at: string) => position('lastused', Math.floor(Date.parse(at) / 60_000));

@Injectable()
export class Usage {
  private ready: Promise<void> | undefined;

  constructor(@Inject(READ_STORE) private readonly store: ReadStore) {}

  async note(used: InputOf<typeof keysUsedRequest>['used']): Promise<void> {
    this.ready ??= this.store.ensure(collection).catch((error: unknown) => {
      this.ready = undefined;
      throw error;
    });
    await this.ready;
    const writes = used.map(({ keyId, organizationId, at }): Write => {
      const atMinute = `${at.slice(0, 16)}:00Z`;
      return {
        collection: collection.name,
        id: keyId,
        position: minute(at),
        document: { organizationId, at: atMinute },
      };
    });
    for (let from = 0; from < writes.length; from += 100) await this.store.apply(writes.slice(from, from + 100));
  }

  /** Returns when one key was last used, RFC 3339; `null` if it was not. */
  async of(keyId: string): Promise<string | null> {
    return (await this.store.get<Used>(collection.name, keyId))?.document.at ?? null;
  }

  /** Returns when the keys of an organization were last used, by key ID. */
  async ofOrganization(organizationId: string): Promise<ReadonlyMap<string, string>> {
    const uses = new Map<string, string>();
    let cursor: string | undefined;
    do {
      const page = await this.store.find<Used>(collection, {
        where: { organizationId },
        limit: 500,
        ...(cursor !== undefined && { cursor }),
      });
      for (const { id, document } of page.items) uses.set(id, document.at);
      cursor = page.next;
    } while (cursor !== undefined);
    return uses;
  }
}

@Controller()
export class UsageHandlers {
  constructor(@Inject(USAGE) private readonly usage: Usage) {}

  @Serves(keysUsedRequest)
  async note(@Input() { used }: InputOf<typeof keysUsedRequest>): Promise<Reply<OutputOf<typeof keysUsedRequest>>> {
    await this.usage.note(used);
    return reply({});
  }
}
