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
import { membersOf } from '../organization.ts';

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

  /** What is left of a creation, if it is still under way. */
  async resume(draft: OrganizationDraft, context: CommandContext): Promise<Result<unknown, DomainError>> {
    const held = await this.names.isHeldBy('name', draft.name, draft.organizationId);
    return held.ok && held.value ? finishOrUndo(this.creation(draft, context), undefined) : held;
  }

  /** Once a user, however many logins come at the same moment: the claim in the user's own stream decides. */
  createDefault(userId: string, context: CommandContext): Promise<Result<CreatedOrganization, DomainError>> {
    return ownerFirst({
      begin: () => this.names.claim('default', userId, this.commands.newId(context, 0), context),
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

    for (let attempt = 0; ; attempt++) {
      const slug = defaultSlug(organizationId, attempt);
      const draft = { organizationId, name: slug, slug, ownerId: userId, isDefault: true };
      const made = await this.create(draft, context);
      if (made.ok || !TAKEN.has(made.error.code) || attempt + 1 === SLUG_TRIES) return made;
    }
  }

  private creation(draft: OrganizationDraft, context: CommandContext): TwoStreams<unknown, CreatedOrganization> {
    const { organizationId, name, slug } = draft;
    return {
      begin: async () => {
        const named = await this.names.claim('name', name, organizationId, context, draft);
        if (!named.ok || !named.value.repeated) return named;
        // A repeated request whose slug was refused finds its name given back: the answer is that of the first time.
        const held = await this.names.isHeldBy('name', name, organizationId);
        return held.ok && !held.value ? err(organizationErrors.slugTaken(slug)) : held;
      },
      finish: async () => {
        const slugged = await this.names.claim('slug', slug, organizationId, context);
        return slugged.ok ? this.record(draft, context) : slugged;
      },
      undo: async () => {
        const slugged = await this.names.release('slug', slug, organizationId, context);
        return slugged.ok ? this.names.release('name', name, organizationId, context) : slugged;
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
