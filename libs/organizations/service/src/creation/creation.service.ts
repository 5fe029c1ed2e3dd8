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
import { isLiving, membersOf } from '../organization.ts';

export interface CreatedOrganization extends Pick<OrganizationDraft, 'organizationId' | 'name' | 'slug'> {
  readonly seatLimit: number;
  /** This call, or the one that it repeats, made the organization. */
  readonly created: boolean;
  readonly meta: ReplyMeta;
}

/** How often a default organization tries another slug before it gives up: 36^5 slugs, so never in practice. */
const SLUG_TRIES = 20;

/** Makes organizations: the names' streams own what must be unique, the organization's own stream comes last. */
@Injectable()
export class OrganizationCreation {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(Names) private readonly names: Names,
    @Optional() @Inject(PLAN_CATALOGUE) private readonly catalogue?: PlanCatalogue,
  ) {}

  /** @returns `organization/name-taken` or `organization/slug-taken` when another organization holds either */
  create(draft: OrganizationDraft, context: CommandContext): Promise<Result<CreatedOrganization, DomainError>> {
    return ownerFirst(this.creation(draft, context));
  }

  /** What is left of a creation that began with the claim of a name. @param revision of the claim */
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

  /** Once a user, however many logins come at the same moment: the claim in the user's own stream decides. */
  createDefault(userId: string, context: CommandContext): Promise<Result<CreatedOrganization, DomainError>> {
    return ownerFirst({
      begin: () => {
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

  /** What is left after the user's one default organization was claimed: a free slug, then the organization. */
  async resumeDefault(
    userId: string,
    organizationId: string,
    context: CommandContext,
  ): Promise<Result<CreatedOrganization, DomainError>> {
    const present = await this.commands.load(organizationDecider, organizationStream(organizationId));
    if (!present.ok) return present;
    const { state } = present.value;
    // The user had a default organization before and left it, or it was deleted: it is not made a second time.
    if (state.status !== 'absent' && !membersOf(state).has(userId)) return err(organizationErrors.none());
    const owned = { organizationId, ownerId: userId, isDefault: true };
    if (isLiving(state)) return this.record({ ...owned, name: state.name, slug: state.slug }, context);

    for (let attempt = 0; ; attempt++) {
      const slug = defaultSlug(organizationId, attempt);
      const made = await this.create({ ...owned, name: slug, slug }, context);
      if (made.ok || !TAKEN.has(made.error.code) || attempt + 1 === SLUG_TRIES) return made;
    }
  }

  private creation(draft: OrganizationDraft, context: CommandContext): TwoStreams<unknown, CreatedOrganization> {
    const { organizationId, name, slug } = draft;
    return {
      begin: async () => {
        const named = await this.names.claim({ kind: 'name', name, organizationId, founding: draft }, context);
        if (!named.ok || !named.value.repeated) return named;
        // A repeated request whose slug was refused finds its name given back: the answer is that of the first time.
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
