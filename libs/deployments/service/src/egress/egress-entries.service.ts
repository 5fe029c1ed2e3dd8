import type { ClusterConnection } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { egressDecider, EGRESS_STREAM } from './egress.decider.ts';

/** Returns what global admins allow, read from the stream, so that a change applies to the next connection. */
@Injectable()
export class EgressEntries {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  /** @returns undefined if nothing was ever allowed */
  async current(): Promise<Result<ClusterConnection['egress'], DomainError>> {
    const loaded = await this.commands.load(egressDecider, EGRESS_STREAM);
    if (!loaded.ok) return loaded;
    const { revision, state } = loaded.value;
    return ok(revision < 0 ? undefined : { revision, allowed: [...state] });
  }
}
