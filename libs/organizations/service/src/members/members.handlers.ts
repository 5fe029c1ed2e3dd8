import {
  BUS,
  Caller,
  Input,
  refuse,
  Serves,
  type Bus,
  type ContextOf,
  type OrganizationContext,
  type ReplyTo,
} from '#bus';
import type { InputOf } from '#bus/contract';
import { explainLimit } from '#billing/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { peopleById } from '#identity/contract';
import { CLOCK, type Clock } from '#kernel';
import { leaveOrganizationRequest, removeMemberRequest, setMemberRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationStream } from '../organization.events.ts';
import { isActive, membersOf, type Organization } from '../organization.ts';
import { endClusterAccess } from './cluster-access.service.ts';
import { memberLoss } from './member-loss.ts';
import { MemberLookup } from './member-lookup.service.ts';
import { membersProjection, newMember } from './members.projection.ts';
import { memberView, type MemberView } from './members.queries.ts';
import type { RemoveMember } from './remove-member.ts';
import { memberIdOf } from './set-member.ts';

@Controller()
export class MembersHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(MemberLookup) private readonly lookup: MemberLookup,
    @Inject(BUS) readonly bus: Bus,
    @Inject(CLOCK) readonly clock: Clock,
  ) {}

  @Serves(setMemberRequest)
  async set(
    @Input() { user, role, until, audit, auditUntil, add = true }: InputOf<typeof setMemberRequest>,
    @Caller() context: ContextOf<typeof setMemberRequest>,
  ): Promise<ReplyTo<typeof setMemberRequest>> {
    const member = add ? await this.lookup.toSet(user, context) : await this.lookup.toChange(user, context);
    if (!member.ok) return refuse(member.error);
    const stream = organizationStream(context.organizationId);
    const before = await this.commands.load(organizationDecider, stream);
    if (!before.ok) return refuse(before.error);
    const auditOf = audit ? { ...(auditUntil !== undefined && { until: auditUntil }) } : null;
    const command = {
      type: 'set-member',
      ...member.value,
      role,
      ...(until !== undefined && { until }),
      ...(audit !== undefined && { audit: auditOf }),
      nowMs: this.clock.now(),
      ...(!add && { changing: user }),
    } as const;
    let changed: string | undefined;
    const response = await this.commands.reply(
      organizationDecider,
      stream,
      command,
      context,
      async ({ state, events }) => {
        const memberId = memberIdOf(command, membersOf(state));
        if (events.some(({ type }) => type === 'organization.member-role-changed.v1')) changed = memberId;
        const lost = await this.lost(memberId, before.value.state, state, context);
        return { ...(await this.view(memberId, state, context)), lost };
      },
    );
    const ended = changed === undefined ? response : await endClusterAccess(this, response, changed, context);
    return explainLimit(this.bus, ended, context);
  }

  @Serves(removeMemberRequest)
  async remove(
    @Input() { user }: InputOf<typeof removeMemberRequest>,
    @Caller() context: ContextOf<typeof removeMemberRequest>,
  ): Promise<ReplyTo<typeof removeMemberRequest>> {
    const memberId = await this.lookup.toRemove(user, context);
    if (!memberId.ok) return refuse(memberId.error);
    return this.take(
      { type: 'remove-member', memberId: memberId.value, leaving: false, nowMs: this.clock.now() },
      context,
    );
  }

  @Serves(leaveOrganizationRequest)
  async leave(
    @Input() _input: InputOf<typeof leaveOrganizationRequest>,
    @Caller() context: ContextOf<typeof leaveOrganizationRequest>,
  ): Promise<ReplyTo<typeof leaveOrganizationRequest>> {
    return this.take(
      { type: 'remove-member', memberId: context.actor.id, leaving: true, nowMs: this.clock.now() },
      context,
    );
  }

  private async take(
    command: RemoveMember,
    context: OrganizationContext,
  ): Promise<ReplyTo<typeof removeMemberRequest>> {
    const stream = organizationStream(context.organizationId);
    const { memberId } = command;
    const before = await this.commands.load(organizationDecider, stream);
    if (!before.ok) return refuse(before.error);
    const response = await this.commands.reply(
      organizationDecider,
      stream,
      command,
      context,
      async ({ state, events }) => ({
        id: memberId,
        removed: events.length > 0,
        lost: await this.lost(memberId, before.value.state, state, context),
      }),
    );
    return endClusterAccess(this, response, memberId, context);
  }

  private async lost(memberId: string, from: Organization, to: Organization, context: OrganizationContext) {
    const change = { memberId, before: membersOf(from).get(memberId), after: membersOf(to).get(memberId) };
    const invitations = isActive(to) ? to.invitations : new Map();
    return memberLoss(change, { keys: await this.lookup.keysOf(memberId, context), invitations }, this.clock.now());
  }

  /** Returns the member as the API shows it. A name that cannot be looked up does not fail the request. */
  private async view(id: string, state: Organization, context: OrganizationContext): Promise<MemberView> {
    const nowMs = this.clock.now();
    const listed = await this.readModels.get(membersProjection, context.organizationId);
    const before = listed.ok ? listed.value?.document.members.find((member) => member.id === id) : undefined;
    const { kind = 'person', role = 'viewer', name, until = null, audit } = membersOf(state).get(id) ?? {};
    const people = kind === 'person' ? await peopleById(this.bus, [id], context) : undefined;
    const member = before ?? newMember(id, kind, role, new Date(nowMs).toISOString(), name);
    const present = { ...member, role, until, audit: audit !== undefined, auditUntil: audit?.until ?? null };
    return memberView(present, people?.ok ? people.value.get(id) : undefined, nowMs);
  }
}
