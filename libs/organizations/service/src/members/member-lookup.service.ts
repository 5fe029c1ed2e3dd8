import { ACCESS, type AccessSource, type DirectoryKey } from '#access';
import { BUS, type Bus, type OrganizationContext, type RequestContext } from '#bus';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { peopleRequest } from '#identity/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream } from '../organization.events.ts';
import { membersOf } from '../organization.ts';
import { memberIdOf, type SetMember } from './set-member.ts';

const SERVICE = /^service:([a-z][a-z0-9-]{0,39})$/;

/** The part of a command that identifies a member. */
export type NamedMember = Pick<SetMember, 'memberId' | 'kind' | 'name'>;

/** Finds the user that a request identifies by a user ID, an e-mail address, or `service:NAME`. */
@Injectable()
export class MemberLookup {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
  ) {}

  /** Returns the ID of a user. Only people who have logged in before are users. */
  async user(user: string, cause: RequestContext): Promise<Result<string, DomainError>> {
    if (user.includes('@')) {
      const found = await this.bus.request(peopleRequest, { email: user }, this.bus.own(cause));
      if (!found.ok) return found;
      const person = found.value.people.find(({ erased }) => !erased);
      return person ? ok(person.id) : err(organizationErrors.noSuchUser(user));
    }
    const directory = await this.access.current();
    if (!directory.ok) return directory;
    const known = directory.value.users.get(user);
    return known && !known.erased ? ok(user) : err(organizationErrors.noSuchUser(user));
  }

  /** Returns the member to add or change. A service member with a new name gets a new ID. */
  async toSet(user: string, context: OrganizationContext): Promise<Result<NamedMember, DomainError>> {
    if (user.startsWith('service:')) return this.service(user, context);
    const directory = await this.access.current();
    if (!directory.ok) return directory;
    const member = directory.value.organization(context.organizationId)?.members.get(user);
    const found = member?.kind === 'person' ? ok(user) : await this.user(user, context);
    return found.ok ? ok({ memberId: found.value, kind: 'person' }) : found;
  }

  /** Returns the member whose role to change; `organization/no-such-member` if there is none. */
  async toChange(user: string, context: OrganizationContext): Promise<Result<NamedMember, DomainError>> {
    const found = await this.toSet(user, context);
    return found.ok || found.error.kind !== 'not-found' ? found : err(organizationErrors.noSuchMember(user));
  }

  /** Returns the ID of the member to remove, who may no longer be a user of the platform. */
  async toRemove(user: string, context: OrganizationContext): Promise<Result<string, DomainError>> {
    if (!user.startsWith('service:')) {
      const directory = await this.access.current();
      if (!directory.ok) return directory;
      const isMember = directory.value.organization(context.organizationId)?.members.has(user) ?? false;
      return isMember ? ok(user) : this.user(user, context);
    }
    const wanted = this.service(user, context);
    if (!wanted.ok) return wanted;
    const loaded = await this.commands.load(organizationDecider, organizationStream(context.organizationId));
    if (!loaded.ok) return loaded;
    const memberId = memberIdOf(wanted.value, membersOf(loaded.value.state));
    return memberId === wanted.value.memberId ? err(organizationErrors.noSuchMember(user)) : ok(memberId);
  }

  /** Returns the keys of a member in the organization; none while the directory is unavailable. */
  async keysOf(memberId: string, { organizationId }: OrganizationContext): Promise<readonly DirectoryKey[]> {
    const directory = await this.access.current();
    const keys = directory.ok ? directory.value.keysOf(organizationId) : [];
    return keys.filter(({ created }) => created.memberId === memberId);
  }

  private service(user: string, context: OrganizationContext): Result<NamedMember, DomainError> {
    const name = SERVICE.exec(user)?.[1];
    return name === undefined
      ? err(organizationErrors.serviceName())
      : ok({ memberId: `service-${this.commands.newId(context, 0)}`, kind: 'service', name });
  }
}
