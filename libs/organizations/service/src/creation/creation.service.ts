import { defaultLimits, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import type { ReplyMeta } from '#bus/contract';
import { COMMANDS, finishOrUndo, ownerFirst, type CommandRunner, type TwoStreams } from '#event-sourcing';
import { err, ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable, Optional } from '@nestjs/common';
import type { OrganizationDraft } from '../names/name.events.ts';
import { defaultSlug, Names } from '../names/names.service.ts';
import { organizationDecider } from '../organization.decider.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream } from '../organization.events.ts';
import { isActive, membersOf } from '../organization.ts';

/** Result of a creation. */
export interface CreatedOrganization extends Pick<OrganizationDraft, 'organizationId' | 'name' | 'slug'> {
  readonly seatLimit: number;
  /** Whether this call, or the call that it repeats, created the organization. */
  readonly created: boolean;
  readonly meta: ReplyMeta;
}

/** Slugs tried for a default organization before the request fails. There are 36^5, so failure is not expected. */
const SLUG_TRIES = 20;

/** Creates organizations: claims the name and the slug in their own streams, then starts the organization's stream. */
@Injectable()
export class OrganizationCreation {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(Names) private readonly names: Names,
    @Optional() @Inject(PLAN_CATALOGUE) private readonly catalogue?: PlanCatalogue,
  ) {}

  /**
   * Creates an organization.
   *
   * @returns `organization/name-taken` or `organization/slug-taken` when another organization holds one of them
   */
  create(draft: OrganizationDraft, context: CommandContext): Promise<Result<CreatedOrganization, DomainError>> {
    return ownerFirst(this.creation(draft, context));
  }

  /**
   * Completes or undoes an interrupted creation that began with the claim of a name.
   *
   * @param revision of the event that claimed the name
   */
  async resume(
    draft: OrganizationDraft,
    revision: number,
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>> {
    const { organizationId, name } = draft;
    const present = await this.commands.load(organizationDecider, organizationStream(organizationId));
    if (!present.ok || present.value.state.status !== 'absent') return present;
    const held = await this.names.areHeld([{ kind: 'name', name, revision }], organizationId);
    return held.ok && held.value ? finishOrUndo(this.creation(draft, context), undefined) : held;
  }

  /**
   * Creates the user's default organization. The claim in the user's stream makes it unique if logins are simultaneous.
   */
  createDefault(userId: string, context: CommandContext): Promise<Result<CreatedOrganization, DomainError>> {
    return ownerFirst({
      start: () => {
        const organizationId = this.commands.newId(context, 0);
        return this.names.claim({ kind: 'default', name: userId, organizationId }, context);
      },
      finish: async ({ state, events }) => {
        if (state.holder === undefined) return err(organizationErrors.none());
        const made = await this.resumeDefault(userId, state.holder, context);
        return made.ok ? ok({ ...made.value, created: made.value.created && events.length > 0 }) : made;
      },
    });
  }

  /** Completes the creation of a claimed default organization: finds a free slug, then creates the organization. */
  async resumeDefault(
    userId: string,
    organizationId: string,
    context: CommandContext,
  ): Promise<Result<CreatedOrganization, DomainError>> {
    const present = await this.commands.load(organizationDecider, organizationStream(organizationId));
    if (!present.ok) return present;
    const { state } = present.value;
    // The user has left this default organization, or it was deleted. It is not created again.
    if (state.status !== 'absent' && !membersOf(state).has(userId)) return err(organizationErrors.none());
    const owned = { organizationId, ownerId: userId, isDefault: true };
    if (isActive(state)) return this.record({ ...owned, name: state.name, slug: state.slug }, context);

    for (let attempt = 0; ; attempt++) {
      const slug = defaultSlug(organizationId, attempt);
      const made = await this.create({ ...owned, name: slug, slug }, context);
      if (made.ok || !TAKEN.has(made.error.code) || attempt + 1 === SLUG_TRIES) return made;
    }
  }

  private creation(draft: OrganizationDraft, context: CommandContext): TwoStreams<unknown, CreatedOrganization> {
    const { organizationId, name, slug } = draft;
    return {
      start: async () => {
        const named = await this.names.claim({ kind: 'name', name, organizationId, founding: draft }, context);
        if (!named.ok || !named.value.repeated) return named;
        // If the slug was taken, the first attempt released the name. A repeat must return the same error.
        const held = await this.names.claimed([{ kind: 'name', name }], organizationId);
        return held.ok && held.value.length === 0 ? err(organizationErrors.slugTaken(slug)) : held;
      },
      finish: async () => {
        const slugged = await this.names.claim({ kind: 'slug', name: slug, organizationId }, context);
        return slugged.ok ? this.record(draft, context) : slugged;
      },
      undo: async () => {
        const named = { kind: 'name', name } as const;
        const claims = await this.names.claimed([{ kind: 'slug', name: slug }, named], organizationId);
        return claims.ok ? this.names.releaseAll(claims.value, organizationId, context) : claims;
      },
    };
  }

  private async record(
    { organizationId, name, slug, ownerId, isDefault }: OrganizationDraft,
    context: CommandContext,
  ): Promise<Result<CreatedOrganization, DomainError>> {
    const seatLimit = defaultLimits(this.catalogue).members;
    const recorded = await this.commands.run(
      organizationDecider,
      organizationStream(organizationId),
      { type: 'create-organization', name, slug, ownerId, isDefault, seatLimit },
      { ...context, organizationId },
    );
    if (!recorded.ok) return recorded;
    const { state, events, meta } = recorded.value;
    const { seatLimit: present } = 'seatLimit' in state ? state : { seatLimit };
    return ok({ organizationId, name, slug, seatLimit: present, created: events.length > 0, meta });
  }
}

const TAKEN: ReadonlySet<string> = new Set(['organization/name-taken', 'organization/slug-taken']);
