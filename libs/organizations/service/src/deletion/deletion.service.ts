import { PROPAGATION_MS } from '#access';
import { BUS, type Bus, type OrganizationContext } from '#bus';
import { organizationContentsRequest, type OrganizationContents } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, err, ok, pause, type Clock, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { Names } from '../names/names.service.ts';
import { organizationDecider } from '../organization.decider.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream } from '../organization.events.ts';
import { isActive, type Organization } from '../organization.ts';

/** What a deletion takes with it. */
export interface DeletionOptions {
  /** Whether applications, profiles, and clusters are deleted too. */
  readonly cascade: boolean;
  /** Whether the objects of the applications stay on their clusters. */
  readonly orphan: boolean;
}

/** A requested deletion: the names that it releases, and what is deleted with the organization. */
export interface RequestedDeletion {
  readonly name: string;
  readonly slug: string;
  readonly contents: OrganizationContents;
}

/** Deletes organizations: records the request, waits until nothing is left, records the end, releases names. */
@Injectable()
export class OrganizationDeletion {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(Names) private readonly names: Names,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Requests a deletion. One that has nothing to delete first is also completed. */
  async delete(
    { cascade, orphan }: DeletionOptions,
    context: OrganizationContext,
  ): Promise<Result<RequestedDeletion, DomainError>> {
    const { organizationId, ifMatch } = context;
    const stream = organizationStream(organizationId);
    const loaded = await this.commands.load(organizationDecider, stream);
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    if (!isActive(state)) return err(organizationErrors.notFound());
    const { name, slug } = state;
    const contents = await this.contents(organizationId, context);
    if (!contents.ok) return contents;
    const { applications, clusters } = contents.value;
    const command = {
      type: 'request-deletion',
      applications: applications.count,
      clusters: clusters.count,
      cascade,
      orphan,
      nowMs: this.clock.now(),
    } as const;
    const options = ifMatch === undefined ? {} : { ifMatch };
    const requested = await this.commands.run(organizationDecider, stream, command, context, options);
    if (!requested.ok) return requested;
    if (!context.dryRun && !isCascading(requested.value.state)) {
      const finished = await this.finish(organizationId, context);
      if (!finished.ok) return finished;
    }
    return ok({ name, slug, contents: contents.value });
  }

  /**
   * Completes a deletion if nothing is left that must be deleted first.
   *
   * @returns `organization/deletion-waits` if something is left
   */
  async finish(organizationId: string, context: CommandContext): Promise<Result<void, DomainError>> {
    const stream = organizationStream(organizationId);
    const loaded = await this.commands.load(organizationDecider, stream);
    if (!loaded.ok) return loaded;
    const before = await this.remaining(organizationId, loaded.value.state, context);
    if (!before.ok) return before;
    // An application that another instance accepted shortly before keeps the organization until it is deleted too.
    await pause(this.clock, PROPAGATION_MS);
    const after = await this.remaining(organizationId, loaded.value.state, context);
    if (!after.ok) return after;
    const own = { ...context, organizationId };
    const step = { step: 'complete-deletion' };
    const deleted = await this.commands.run(organizationDecider, stream, { type: 'complete-deletion' }, own, step);
    return deleted.ok ? this.releaseNames(organizationId, own) : deleted;
  }

  /** Releases the names of a deleted organization, also after a crash. Idempotent. */
  async releaseNames(organizationId: string, context: CommandContext): Promise<Result<void, DomainError>> {
    const loaded = await this.commands.load(organizationDecider, organizationStream(organizationId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    if (state.status !== 'deleted' || state.name === undefined || state.slug === undefined) return ok(undefined);
    const claims = await this.names.claimed(
      [
        { kind: 'slug', name: state.slug },
        { kind: 'name', name: state.name },
      ],
      organizationId,
    );
    const released = claims.ok ? await this.names.releaseAll(claims.value, organizationId, context) : claims;
    return released.ok ? ok(undefined) : released;
  }

  /** Returns what the organization has, from the service that owns it. */
  private async contents(
    organizationId: string,
    { correlationId }: Pick<CommandContext, 'correlationId'>,
  ): Promise<Result<OrganizationContents, DomainError>> {
    const own = this.bus.own({ correlationId, organizationId });
    const answer = await this.bus.request(organizationContentsRequest, { organizationId }, own);
    return answer.ok ? ok(answer.value) : answer;
  }

  private async remaining(
    organizationId: string,
    state: Organization,
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const contents = await this.contents(organizationId, context);
    if (!contents.ok) return contents;
    const { applications, profiles, clusters } = contents.value;
    const left = applications.count + clusters.count + (isCascading(state) ? profiles.count : 0);
    return left > 0 ? err(organizationErrors.deletionWaits(applications.count, clusters.count)) : ok(undefined);
  }
}

const isCascading = (state: Organization): boolean => isActive(state) && state.deletion?.cascade === true;
