import type { ClusterConnection } from '#deployments/contract';
import { EVENT_STORE, type EventStore } from '#event-store';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { egressDecider, EGRESS_STREAM } from './egress.decider.ts';

/** Returns what global admins allow, read from the stream, so that a change applies to the next connection. */
@Injectable()
export class EgressEntries {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
  ) {}

  /** Returns the list, also if nothing was ever allowed: a worker may know the list of a log that was replaced. */
  async current(): Promise<Result<NonNullable<ClusterConnection['egress']>, DomainError>> {
    const loaded = await this.commands.load(egressDecider, EGRESS_STREAM);
    if (!loaded.ok) return loaded;
    const { revision, state } = loaded.value;
    return ok({ store: this.eventStore.storeId, revision, allowed: [...state] });
  }
}
