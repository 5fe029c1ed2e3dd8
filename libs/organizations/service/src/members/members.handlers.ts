import { ACCESS, organizationNotFound, type AccessSource } from '#access';
import { BUS, Caller, Input, refuse, reply, Serves, type Bus, type Reply, type RequestContext } from '#bus';
import type { InputOf, OutputOf, ReplyMeta } from '#bus/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type Committed, type ReadModels } from '#event-sourcing';
import { CLOCK, err, ok, type Clock, type DomainError, type Result } from '#kernel';
import { leaveOrganizationRequest, removeMemberRequest, setMemberRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream } from '../organization.events.ts';
import { explainLimit } from '../overview/plans.queries.ts';
import { membersProjection } from './members.projection.ts';
import { memberView, type MemberView } from './members.queries.ts';
import { peopleById, resolvePerson } from './people.service.ts';
import type { RemoveMember } from './remove-member.ts';
import { memberIdOf } from './set-member.ts';

const SERVICE = /^service:([a-z][a-z0-9-]{0,39})$/;

type Named =
  | { readonly memberId: string; readonly kind: 'person' }
  | { readonly memberId: string; readonly kind: 'service'; readonly name: string };

@Controller()
export class MembersHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(setMemberRequest)
  async set(
    @Input() { user, role }: InputOf<typeof setMemberRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<MemberView>> {
    const { organizationId } = context;
    if (organizationId === undefined) return refuse(organizationNotFound());
    const member = await this.memberNamed(user, organizationId, context, 'to-add');
    if (!member.ok) return refuse(member.error);

    const stream = organizationStream(organizationId);
    const command = { type: 'set-member', ...member.value, role } as const;
    const outcome = context.dryRun
      ? await this.commands.plan(organizationDecider, stream, command, context)
      : await this.commands.run(organizationDecider, stream, command, context);
    if (!outcome.ok) return refuse(await explainLimit(this.bus, outcome.error, organizationId, context));

    const { state } = outcome.value;
    const memberId =
      state.status === 'active' || state.status === 'deleting' ? memberIdOf(command, state.members) : command.memberId;
    const shown = await this.view(organizationId, { ...member.value, memberId }, role, context);
    if (!shown.ok) return refuse(shown.error);
    return reply(shown.value, metaOf(outcome.value));
  }

  @Serves(removeMemberRequest)
  async remove(
    @Input() { user }: InputOf<typeof removeMemberRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof removeMemberRequest>>> {
    const { organizationId } = context;
    if (organizationId === undefined) return refuse(organizationNotFound());
    const member = await this.memberNamed(user, organizationId, context, 'to-remove');
    if (!member.ok) return refuse(member.error);
    return this.take(
      { type: 'remove-member', memberId: member.value.memberId, leaving: false },
      organizationId,
      context,
    );
  }

  @Serves(leaveOrganizationRequest)
  async leave(
    @Input() _input: InputOf<typeof leaveOrganizationRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof leaveOrganizationRequest>>> {
    if (context.organizationId === undefined) return refuse(organizationNotFound());
    return this.take(
      { type: 'remove-member', memberId: context.actor.id, leaving: true },
      context.organizationId,
      context,
    );
  }

  private async take(
    command: RemoveMember,
    organizationId: string,
    context: RequestContext,
  ): Promise<Reply<OutputOf<typeof removeMemberRequest>>> {
    const stream = organizationStream(organizationId);
    const outcome = context.dryRun
      ? await this.commands.plan(organizationDecider, stream, command, context)
      : await this.commands.run(organizationDecider, stream, command, context);
    if (!outcome.ok) return refuse(outcome.error);
    return reply({ id: command.memberId, removed: outcome.value.events.length > 0 }, metaOf(outcome.value));
  }

  /** A user id, an e-mail address, or `service:NAME`. Somebody to remove may be a user no more. */
  private async memberNamed(
    user: string,
    organizationId: string,
    context: RequestContext,
    wish: 'to-add' | 'to-remove',
  ): Promise<Result<Named, DomainError>> {
    if (!user.startsWith('service:')) {
      const directory = await this.access.current();
      if (!directory.ok) return directory;
      const present = directory.value.organization(organizationId)?.members.get(user);
      if (present?.kind === 'person' || (wish === 'to-remove' && present))
        return ok({ memberId: user, kind: 'person' });
      const person = await resolvePerson(this.bus, this.access, user, context);
      return person.ok ? ok({ memberId: person.value.id, kind: 'person' }) : person;
    }
    const name = SERVICE.exec(user)?.[1];
    if (name === undefined) return err(organizationErrors.serviceName());
    const wanted: Named = { memberId: `service-${this.commands.newId(context, 0)}`, kind: 'service', name };
    if (wish === 'to-add') return ok(wanted);
    const loaded = await this.commands.load(organizationDecider, organizationStream(organizationId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    const memberId =
      state.status === 'active' || state.status === 'deleting' ? memberIdOf(wanted, state.members) : wanted.memberId;
    return memberId === wanted.memberId ? err(organizationErrors.noSuchMember(user)) : ok({ ...wanted, memberId });
  }

  private async view(
    organizationId: string,
    named: Named,
    role: MemberView['role'],
    context: RequestContext,
  ): Promise<Result<MemberView, DomainError>> {
    const { memberId: id, kind } = named;
    const listed = await this.readModels.get(membersProjection, organizationId);
    if (!listed.ok) return listed;
    const people = kind === 'person' ? await peopleById(this.bus, [id], context) : ok(new Map());
    if (!people.ok) return people;
    const nowMs = this.clock.now();
    const before = listed.value?.document.members.find((member) => member.id === id);
    const fresh = {
      id,
      kind,
      role,
      name: 'name' in named ? named.name : null,
      since: new Date(nowMs).toISOString(),
      audit: false,
      auditUntil: null,
    };
    return ok(memberView(before ? { ...before, role } : fresh, people.value.get(id), nowMs));
  }
}

/** A dry run has written nothing, so nobody need wait for it. */
const metaOf = ({ position, revision }: Partial<Committed<unknown, unknown>>): ReplyMeta =>
  position === undefined || revision === undefined ? {} : { position, revision };
