import { PROPAGATION_MS } from '#access';
import { BUS, type Bus, type OrganizationContext } from '#bus';
import { countApplicationsRequest } from '#deployments/contract';
import { COMMANDS, ownerFirst, type CommandRunner } from '#event-sourcing';
import { CLOCK, err, ok, pause, type Clock, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { Names } from '../names/names.service.ts';
import { organizationDecider } from '../organization.decider.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream } from '../organization.events.ts';
import { isActive } from '../organization.ts';

/** The names that a deleted organization releases. */
export interface FormerNames {
  readonly name: string;
  readonly slug: string;
}

/** Deletes organizations: records the request, waits until nothing new can appear, records the end, releases names. */
@Injectable()
export class OrganizationDeletion {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(Names) private readonly names: Names,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async delete(context: OrganizationContext): Promise<Result<FormerNames, DomainError>> {
    const { organizationId, ifMatch } = context;
    const stream = organizationStream(organizationId);
    const loaded = await this.commands.load(organizationDecider, stream);
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    if (!isActive(state)) return err(organizationErrors.notFound());
    const names = { name: state.name, slug: state.slug };
    const used = await this.usedBy(organizationId, context);
    if (!used.ok) return used;
    const command = { type: 'request-deletion', ...used.value, nowMs: this.clock.now() } as const;
    const options = ifMatch === undefined ? {} : { ifMatch };
    return ownerFirst({
      start: () => this.commands.run(organizationDecider, stream, command, context, options),
      finish: () => (context.dryRun ? Promise.resolve(ok(names)) : this.finish(organizationId, names, context)),
    });
  }

  /** Completes a deletion, also one that a crash has interrupted. */
  async finish(
    organizationId: string,
    names: FormerNames,
    context: CommandContext,
  ): Promise<Result<FormerNames, DomainError>> {
    // An application that another instance accepted shortly before keeps the organization until it is deleted too.
    await pause(this.clock, PROPAGATION_MS);
    const used = await this.usedBy(organizationId, context);
    if (!used.ok) return used;
    if (used.value.applications > 0) return err(organizationErrors.deletionWaits(used.value.applications));
    const own = { ...context, organizationId };
    const stream = organizationStream(organizationId);
    const step = { step: 'complete-deletion' };
    const deleted = await this.commands.run(organizationDecider, stream, { type: 'complete-deletion' }, own, step);
    if (!deleted.ok) return deleted;
    const claims = await this.names.claimed(
      [
        { kind: 'slug', name: names.slug },
        { kind: 'name', name: names.name },
      ],
      organizationId,
    );
    const released = claims.ok ? await this.names.releaseAll(claims.value, organizationId, own) : claims;
    return released.ok ? ok(names) : released;
  }

  private async usedBy(organizationId: string, { correlationId }: Pick<CommandContext, 'correlationId'>) {
    return this.bus
      .request(countApplicationsRequest, { organizationId }, this.bus.own({ correlationId, organizationId }))
      .then((counted) => (counted.ok ? ok(counted.value) : counted));
  }
}
