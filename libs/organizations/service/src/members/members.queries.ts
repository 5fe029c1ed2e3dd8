import { membersAtRequest } from '#audit/contract';
import {
  BUS,
  Caller,
  Input,
  refuse,
  reply,
  Serves,
  type Bus,
  type ContextOf,
  type OrganizationContext,
  type ReplyTo,
} from '#bus';
import { pageOf, type InputOf, type OutputOf } from '#bus/contract';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { peopleById, type Person } from '#identity/contract';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import { listMembersRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { membersProjection, type ListedMember } from './members.projection.ts';

@Controller()
export class MembersQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Looks up names and addresses for each request, because no read model stores them. */
  @Serves(listMembersRequest)
  async list(
    @Input() place: InputOf<typeof listMembersRequest>,
    @Caller() context: ContextOf<typeof listMembersRequest>,
  ): Promise<ReplyTo<typeof listMembersRequest>> {
    const all = place.asOf === undefined ? await this.present(context) : await this.past(place.asOf, context);
    if (!all.ok) return refuse(all.error);
    const { items: members, ...rest } = pageOf(all.value, ({ since, id }) => `${since} ${id}`, place);
    const people = await peopleById(
      this.bus,
      members.filter(({ kind }) => kind === 'person').map(({ id }) => id),
      context,
    );
    if (!people.ok) return refuse(people.error);
    const nowMs = this.clock.now();
    return reply({ items: members.map((member) => memberView(member, people.value.get(member.id), nowMs)), ...rest });
  }

  private async present(context: OrganizationContext): Promise<Result<readonly ListedMember[], DomainError>> {
    const found = await this.readModels.get(membersProjection, context.organizationId, context.consistency);
    return found.ok ? ok(found.value?.document.members ?? []) : found;
  }

  /** Returns the members of an earlier time, which audit keeps. */
  private async past(
    asOf: string,
    context: OrganizationContext,
  ): Promise<Result<readonly ListedMember[], DomainError>> {
    const { organizationId } = context;
    const found = await this.bus.request(membersAtRequest, { organizationId, asOf }, this.bus.own(context));
    return found.ok ? ok(found.value.members.map((member) => ({ ...member, until: null, auditUntil: null }))) : found;
  }
}

export type MemberView = OutputOf<typeof listMembersRequest>['items'][number];

/**
 * Returns a member as the API shows it.
 *
 * @param person name and address of the member, if known; undefined for service members
 * @param nowMs milliseconds since 1970, to determine whether the right `audit` has expired
 */
export function memberView(
  { id, kind, role, name, since, until, audit, auditUntil }: ListedMember,
  person: Person | undefined,
  nowMs: number,
): MemberView {
  const mayAudit = audit && (auditUntil === null || nowMs < Date.parse(auditUntil));
  return {
    id,
    email: person?.email ?? null,
    name: name ?? (person?.erased ? 'erased user' : (person?.name ?? null)),
    role,
    kind,
    audit: mayAudit,
    since,
    until,
    auditUntil: mayAudit ? auditUntil : null,
  };
}
