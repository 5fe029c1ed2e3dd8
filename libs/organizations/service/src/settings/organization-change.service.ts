import type { OrganizationSettings } from '#access';
import { BUS, type Bus, type OrganizationContext } from '#bus';
import { countApplicationsRequest } from '#deployments/contract';
import { COMMANDS, finishOrUndo, ownerFirst, type CommandRunner, type Committed } from '#event-sourcing';
import { CLOCK, err, ok, type Clock, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { ClaimedName, OrganizationChange, RenamedKind } from '../names/name.events.ts';
import { Names, nameStream } from '../names/names.service.ts';
import { organizationDecider } from '../organization.decider.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream, type OrganizationEvent } from '../organization.events.ts';
import { isActive, type Organization } from '../organization.ts';

/** The requested change. Absent properties are unchanged. */
export interface WantedChange {
  readonly name?: string;
  readonly slug?: string;
  readonly settings: Partial<OrganizationSettings>;
}

type Changed = Committed<Organization, OrganizationEvent>;

/**
 * Changes name, slug, and settings. New names are claimed first and old names released last, so neither is ever lost.
 */
@Injectable()
export class OrganizationChanges {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(Names) private readonly names: Names,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async change(wanted: WantedChange, context: OrganizationContext): Promise<Result<Changed, DomainError>> {
    const { organizationId, ifMatch } = context;
    const loaded = await this.commands.load(organizationDecider, organizationStream(organizationId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    if (!isActive(state)) return err(organizationErrors.notFound());

    const from = { name: state.name, slug: state.slug };
    const { name = from.name, slug = from.slug, settings } = wanted;
    const moved = movedNames({ name, slug, from });
    const former = await this.names.claimed(
      moved.map((kind) => ({ kind, name: from[kind] })),
      organizationId,
    );
    if (!former.ok) return former;
    const change: OrganizationChange = { organizationId, name, slug, from, settings, former: former.value };
    const options = ifMatch === undefined ? {} : { ifMatch };
    if (moved.length === 0) return this.record(change, context, options);

    // Check the organization's own rules before a name is claimed.
    const planned = await this.record(change, { ...context, dryRun: true }, options);
    return planned.ok ? ownerFirst(this.renaming(change, context)) : planned;
  }

  /** Completes or undoes an interrupted change that began with the claim of a name. */
  async resume(
    change: OrganizationChange,
    claim: ClaimedName,
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>> {
    const { organizationId, former } = change;
    const held = await this.names.areHeld([claim], organizationId);
    if (!held.ok || !held.value) return held; // the change was undone
    const loaded = await this.commands.load(organizationDecider, organizationStream(organizationId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    const isRecorded =
      isActive(state) && nameStream(claim.kind, state[claim.kind]) === nameStream(claim.kind, claim.name);
    return isRecorded
      ? this.names.releaseAll(former, organizationId, context)
      : finishOrUndo(this.renaming(change, context, [claim]), undefined);
  }

  /**
   * Returns the two parts of a rename, and how to undo it.
   *
   * @param claimed claims made by the interrupted attempt that this continues
   */
  private renaming(change: OrganizationChange, context: CommandContext, claimed: readonly ClaimedName[] = []) {
    const { organizationId, former } = change;
    const own = { ...context, organizationId };
    const claims = [...claimed];
    const claim = async (kind: RenamedKind, more: { readonly change?: OrganizationChange } = {}) => {
      const name = change[kind];
      const claimed = await this.names.claim({ kind, name, organizationId, isNew: true, ...more }, own);
      if (claimed.ok) claims.push({ kind, name, revision: claimed.value.revision });
      return claimed;
    };
    const [first = 'name', ...others] = movedNames(change);
    return {
      start: () => claim(first, { change }),
      finish: async (): Promise<Result<Changed, DomainError>> => {
        for (const kind of others) {
          const claimed = await claim(kind);
          if (!claimed.ok) return claimed;
        }
        // While this process was paused, another one may have continued the change and released the names.
        const held = context.dryRun ? ok(true) : await this.names.areHeld(claims, organizationId);
        if (!held.ok) return held;
        if (!held.value) return err(organizationErrors.renamedMeanwhile());
        const recorded = await this.record(change, own, {}, claimed.length > 0);
        if (!recorded.ok) return recorded;
        const released = await this.names.releaseAll(former, organizationId, own);
        return released.ok ? recorded : released;
      },
      undo: () => this.names.releaseAll(claims, organizationId, own),
    };
  }

  private async record(
    { organizationId, name, slug, from, settings }: OrganizationChange,
    context: CommandContext,
    options: { readonly ifMatch?: number },
    isResumed = false,
  ): Promise<Result<Changed, DomainError>> {
    const applications = slug === from.slug ? ok(0) : await this.applicationsOf(organizationId, context);
    if (!applications.ok) return applications;
    return this.commands.run(
      organizationDecider,
      organizationStream(organizationId),
      {
        type: 'change-organization',
        name,
        slug,
        from,
        settings,
        applications: applications.value,
        isResumed,
        nowMs: this.clock.now(),
      },
      context,
      { step: 'change', ...options },
    );
  }

  private async applicationsOf(organizationId: string, cause: CommandContext): Promise<Result<number, DomainError>> {
    const { correlationId } = cause;
    const own = this.bus.own({ correlationId, organizationId });
    const counted = await this.bus.request(countApplicationsRequest, { organizationId }, own);
    return counted.ok ? ok(counted.value.applications) : counted;
  }
}

/** Returns the names that differ. Display names that differ only in case or white space are the same. */
const movedNames = ({ name, slug, from }: Pick<OrganizationChange, 'name' | 'slug' | 'from'>): RenamedKind[] => [
  ...(nameStream('name', name) === nameStream('name', from.name) ? [] : (['name'] as const)),
  ...(slug === from.slug ? [] : (['slug'] as const)),
];
