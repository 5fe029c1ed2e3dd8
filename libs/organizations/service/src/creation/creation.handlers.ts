import { plansOf } from '#billing/contract';
import { BUS, Caller, Input, refuse, reply, Serves, type Bus, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { ACCESS, DEFAULT_SETTINGS, type AccessSource } from '#access';
import { CLOCK, ok, type Clock } from '#kernel';
import { createOrganizationRequest, ensureDefaultOrganizationRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { organizationErrors } from '../organization.errors.ts';
import { InvitationViews } from '../invitations/invitation-views.service.ts';
import { MemberLookup } from '../members/member-lookup.service.ts';
import { slugFrom } from '../names/normalize.ts';
import { OrganizationCreation } from './creation.service.ts';

@Controller()
export class CreationHandlers {
  constructor(
    @Inject(OrganizationCreation) private readonly creation: OrganizationCreation,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(MemberLookup) private readonly lookup: MemberLookup,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(InvitationViews) private readonly invitations: InvitationViews,
  ) {}

  /** Creates an organization (global admin). Its name and slug are claimed first, with its new ID. */
  @Serves(createOrganizationRequest)
  async create(
    @Input() input: InputOf<typeof createOrganizationRequest>,
    @Caller() context: ContextOf<typeof createOrganizationRequest>,
  ): Promise<ReplyTo<typeof createOrganizationRequest>> {
    const slug = input.slug ?? slugFrom(input.name);
    if (slug === undefined) return refuse(organizationErrors.slugNeeded());
    const owner = input.owner === undefined ? ok(context.actor.id) : await this.lookup.user(input.owner, context);
    if (!owner.ok) return refuse(owner.error);

    const organizationId = this.commands.newId(context, 0);
    const draft = { organizationId, name: input.name, slug, ownerId: owner.value, isDefault: false };
    const created = await this.creation.create(draft, context);
    if (!created.ok) return created;
    const plans = await plansOf(this.bus, [organizationId], context);
    return reply(
      {
        id: organizationId,
        name: input.name,
        slug,
        isDefault: false,
        status: 'ACTIVE',
        role: owner.value === context.actor.id ? 'owner' : null,
        plan: plans.get(organizationId)?.plan ?? 'unknown',
        createdAt: new Date(this.clock.now()).toISOString(),
        members: 1,
        memberLimit: created.value.seatLimit,
        settings: DEFAULT_SETTINGS,
      },
      { ...created.value.meta, created: true },
    );
  }

  @Serves(ensureDefaultOrganizationRequest)
  async ensureDefault(
    @Input() { userId }: InputOf<typeof ensureDefaultOrganizationRequest>,
    @Caller() context: ContextOf<typeof ensureDefaultOrganizationRequest>,
  ): Promise<ReplyTo<typeof ensureDefaultOrganizationRequest>> {
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const own = directory.value.organizationsOf(userId, this.clock.now());
    const found = own.find(({ isDefault }) => isDefault) ?? own[0];
    const role = found?.members.get(userId)?.role;
    if (found && role)
      return reply({ organizationId: found.id, slug: found.slug, name: found.name, role, created: false });

    // Invitations come first: accepting one replaces an organization of one's own.
    const pending = await this.invitations.pendingOf(userId, directory.value, context);
    if (!pending.ok) return refuse(pending.error);
    const slugs = pending.value.map(({ organizationId }) => directory.value.organization(organizationId)?.slug ?? '');
    if (slugs.length > 0) return refuse(organizationErrors.pendingInvitations([...new Set(slugs)].toSorted()));

    const made = await this.creation.createDefault(userId, context);
    if (!made.ok) return made;
    const { organizationId, slug, name, created, meta } = made.value;
    return reply({ organizationId, slug, name, role: 'owner', created }, { ...meta, created });
  }
}
