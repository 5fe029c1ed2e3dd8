import { actorOf, type AccessSource, type Principal } from '#access';
import type { OrganizationContext, RequestContext } from '#bus';
import { createEventSourcing, type CommandRunner, type EventSourcing, type ReadModels } from '#event-sourcing';
import type { EventStore } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { silentLogger, type Clock, type Ids } from '#kernel';
import type { ReadStore } from '#read-store';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { systemClock, systemIds } from '#runtime/system';
import type { Vault } from '#vault';
import { loadOrCreateSealingKeys, openEmbeddedVault } from '#vault/embedded';
import { createHash } from 'node:crypto';

interface RequestOptions {
  readonly organizationId?: string;
  readonly isGlobalAdmin?: boolean;
  readonly key?: string;
  readonly body?: string;
}

/** Embedded engines in one folder, with everything that follows the event log. */
export interface Embedded {
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  readonly vault: Vault;
  readonly sourcing: EventSourcing;
  readonly commands: CommandRunner;
  readonly readModels: ReadModels;
  readonly access: AccessSource;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Returns a request as the guard passes it to a handler. `key` is its Idempotency-Key; defaults to a new one. */
  request<More extends RequestOptions>(
    principal: Principal,
    more?: More,
  ): More extends { readonly organizationId: string } ? OrganizationContext : RequestContext;
  /** Returns type, stream and data of all events in the log. */
  events(): Promise<readonly { readonly type: string; readonly stream: string; readonly data: unknown }[]>;
  close(): Promise<void>;
}

/** Opens the embedded engines in a folder. */
export async function openEmbedded(folder: string): Promise<Embedded> {
  const [clock, ids, log] = [systemClock, systemIds, silentLogger];
  const eventStore = await openEmbeddedEventStore({ folder, clock, ids, log });
  const readStore = await openEmbeddedReadStore({ folder, log });
  const vault = await openEmbeddedVault({ folder, clock, ids, log, sealingKeys: loadOrCreateSealingKeys(folder) });
  const sourcing = createEventSourcing({ eventStore, readStore, clock, ids, log, vault });
  const half = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);

  return {
    eventStore,
    readStore,
    vault,
    sourcing,
    commands: sourcing.commands,
    readModels: sourcing.readModels,
    access: sourcing.access,
    clock,
    ids,
    request(principal: Principal, options: RequestOptions = {}) {
      const { organizationId, isGlobalAdmin = false, key = ids.uuid(), body = '' } = options;
      return {
        principal,
        actor: actorOf(principal, isGlobalAdmin),
        commandId: `${half(`${JSON.stringify(principal)}\n${key}`)}.${half(body)}`,
        correlationId: ids.uuid(),
        deadlineMs: clock.now() + 60_000,
        ...(organizationId !== undefined && { organizationId }),
      } as OrganizationContext; // the return type depends on whether an organization was given
    },
    async events() {
      const all = [];
      for await (const { type, stream, data } of eventStore.readAll()) all.push({ type, stream, data });
      return all;
    },
    async close() {
      await sourcing.close();
      await Promise.all([eventStore.close(), readStore.close(), vault.close()]);
    },
  };
}
