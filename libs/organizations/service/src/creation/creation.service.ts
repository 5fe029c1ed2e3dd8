import { createHash } from 'node:crypto';
import { defaultLimits, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { COMMANDS, type CommandRunner, type Committed } from '#event-sourcing';
import { err, ok, type CommandContext, type DomainError, type Position, type Result } from '#kernel';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { nameDecider } from '../names/name.decider.ts';
import type { OrganizationDraft } from '../names/name.events.ts';
import { comparable } from '../names/normalize.ts';
import { organizationDecider } from '../organization.decider.ts';
import type { Organization } from '../organization.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream, type OrganizationEvent } from '../organization.events.ts';

export const ORGANIZATION_CREATION = Symbol('founding');

export interface CreatedOrganization {
  readonly organizationId: string;
  readonly name: string;
  readonly slug: string;
  readonly seatLimit: number;
  /** This call, or the one that it repeats, made the organization. */
  readonly created: boolean;
  readonly position: Position;
  readonly revision: number;
}

/** How often a default organization tries another slug before it gives up: 36^5 slugs, so never in practice. */
const SLUG_TRIES = 20;

/**
 * Makes organizations over several streams: names first, each with the new organization's id, then its own. Every step
 * may be repeated, by the same caller or by the reactor, and whoever comes second records nothing.
 */
@Injectable()
export class OrganizationCreation {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Optional() @Inject(PLAN_CATALOGUE) private readonly catalogue?: PlanCatalogue,
  ) {}

  /** @returns `organization/name-taken` or `organization/slug-taken` when another organization holds either */
  async found(founding: OrganizationDraft, context: CommandContext): Promise<Result<CreatedOrganization, DomainError>> {
    const own = { ...context, organizationId: founding.organizationId };
    const claim = {
      type: 'claim-name',
      kind: 'name',
      organizationId: founding.organizationId,
      shown: founding.name,
      founding,
    } as const;
    const named = await this.commands.run(nameDecider, nameStream(founding.name), claim, own);
    if (!named.ok) return named;
    // A repeated request whose slug was refused finds its name released again: the answer is that of the first time.
    const held = named.value.repeated ? await this.holdsName(founding) : ok(true);
    if (!held.ok) return held;
    if (!held.value) return err(organizationErrors.slugTaken(founding.slug));
    return this.finish(founding, own);
  }

  /** What remains after the name was claimed. Gives the name back when the slug belongs to another organization. */
  async finish(
    founding: OrganizationDraft,
    context: CommandContext,
  ): Promise<Result<CreatedOrganization, DomainError>> {
    const { organizationId, name, slug, ownerId, isDefault } = founding;
    const own = { ...context, organizationId };
    const slugged = await this.commands.run(
      nameDecider,
      slugStream(slug),
      { type: 'claim-name', kind: 'slug', organizationId, shown: slug },
      own,
    );
    if (!slugged.ok) {
      if (slugged.error.code === 'organization/slug-taken') {
        const released = await this.commands.run(
          nameDecider,
          nameStream(name),
          { type: 'release-name', kind: 'name', organizationId },
          own,
          { step: 'release' },
        );
        if (!released.ok) return released;
      }
      return slugged;
    }
    const create = {
      type: 'create-organization',
      name,
      slug,
      ownerId,
      isDefault,
      seatLimit: defaultLimits(this.catalogue).members,
    } as const;
    const created = await this.commands.run(organizationDecider, organizationStream(organizationId), create, own);
    return created.ok ? ok(createdFrom(founding, created.value)) : created;
  }

  /** Once a user, however many logins come at the same moment: the claim in the user's own stream decides. */
  async createDefault(userId: string, context: CommandContext): Promise<Result<CreatedOrganization, DomainError>> {
    const claim = {
      type: 'claim-name',
      kind: 'default',
      organizationId: this.commands.newId(context, 0),
      shown: 'default',
    } as const;
    const claimed = await this.commands.run(nameDecider, defaultStream(userId), claim, {
      ...context,
      organizationId: claim.organizationId,
    });
    if (!claimed.ok) return claimed;
    const organizationId = claimed.value.state.holder;
    if (organizationId === undefined) return err(organizationErrors.none());
    const founded = await this.finishDefault(userId, organizationId, context);
    return founded.ok
      ? ok({ ...founded.value, created: founded.value.created && claimed.value.events.length > 0 })
      : founded;
  }

  /** What remains after the user's one default organization was claimed: a free slug, then the organization. */
  async finishDefault(
    userId: string,
    organizationId: string,
    context: CommandContext,
  ): Promise<Result<CreatedOrganization, DomainError>> {
    const present = await this.commands.load(organizationDecider, organizationStream(organizationId));
    if (!present.ok) return present;
    const { state } = present.value;
    // The user had a default organization before and left it, or it was deleted: it is not made a second time.
    if (state.status === 'deleted' || (state.status !== 'absent' && !state.members.has(userId)))
      return err(organizationErrors.none());

    let refused: Result<CreatedOrganization, DomainError> = err(organizationErrors.none());
    for (let attempt = 0; attempt < SLUG_TRIES; attempt++) {
      const slug = defaultSlug(organizationId, attempt);
      const founding = { organizationId, name: slug, slug, ownerId: userId, isDefault: true };
      refused = await this.found(founding, context);
      if (
        refused.ok ||
        (refused.error.code !== 'organization/name-taken' && refused.error.code !== 'organization/slug-taken')
      )
        return refused;
    }
    return refused;
  }

  /** Whether the display name is still held by that organization. */
  async holdsName({ name, organizationId }: OrganizationDraft): Promise<Result<boolean, DomainError>> {
    const loaded = await this.commands.load(nameDecider, nameStream(name));
    return loaded.ok ? ok(loaded.value.state.holder === organizationId) : loaded;
  }
}

function createdFrom(
  { organizationId, name, slug }: OrganizationDraft,
  committed: Committed<Organization, OrganizationEvent>,
): CreatedOrganization {
  const { state, events, position, revision } = committed;
  const seatLimit = state.status === 'active' || state.status === 'deleting' ? state.seatLimit : 0;
  return { organizationId, name, slug, seatLimit, created: events.length > 0, position, revision };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Display names may hold letters beyond ASCII: their streams are named by a digest. */
export const nameStream = (name: string): string => `names-name-${digest(comparable(name)).slice(0, 32)}`;
export const slugStream = (slug: string): string => `names-slug-${slug}`;
export const defaultStream = (userId: string): string => `names-default-${userId}`;

/** `personal-` and five letters or digits drawn from the organization's id: the same at each try, and nothing of a person. */
export function defaultSlug(organizationId: string, attempt: number): string {
  const drawn = BigInt(`0x${digest(`${organizationId}/${attempt}`).slice(0, 24)}`);
  return `personal-${drawn.toString(36).slice(-5)}`;
}
