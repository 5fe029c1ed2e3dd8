import type { Moment } from '#access';
import type { AccessWay } from '#audit/contract';
import { BUS, type Bus, type RequestContext } from '#bus';
import { peopleById, peopleRequest } from '#identity/contract';
import { err, ok, VERSION, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { AccessHistory } from './access-history.service.ts';
import { accessErrors } from './access.errors.ts';
import { policyOf, type AccessPast, type AccessQuestion, type Way } from './ways.ts';

const SERVICE = 'service:';

/** Adds names and addresses, which are in no event, to what the log says. */
@Injectable()
export class AccessAnswers {
  constructor(
    @Inject(AccessHistory) private readonly history: AccessHistory,
    @Inject(BUS) private readonly bus: Bus,
  ) {}

  /** Returns ways as the API shows them. */
  async ways(
    past: AccessPast,
    organizationId: string,
    ways: readonly Way[],
    context: RequestContext,
  ): Promise<Result<AccessWay[], DomainError>> {
    const granted = ways.map((way) => ({
      way,
      grant: way.grantedBy === undefined ? undefined : past.rights.grant(way.grantedBy),
    }));
    const ids = new Set(granted.flatMap(({ way, grant }) => [way.memberId, ...(grant ? [grant.actor] : [])]));
    const people = await peopleById(this.bus, [...ids].filter(isPerson), context);
    if (!people.ok) return people;
    return ok(
      granted.map(({ way, grant }) => {
        const { memberId, kind, role, keyId, clusterId, from, to } = way;
        const person = people.value.get(memberId);
        const member = past.rights.rightsAt(from.sequence).organizations.get(organizationId)?.members.get(memberId);
        return {
          user: memberId,
          email: person?.email ?? null,
          name: member?.name ?? person?.name ?? null,
          kind,
          way: way.way,
          role: role ?? null,
          keyId: keyId ?? null,
          cluster: clusterId === undefined ? null : (past.objects.nameOf(clusterId) ?? null),
          from: timeOf(from),
          to: to === undefined ? null : timeOf(to),
          grant: grant ? { ...grant, actorEmail: people.value.get(grant.actor)?.email ?? null } : null,
        };
      }),
    );
  }

  /** Returns what an answer is about: the time, the object, and the rules. */
  subjectOf(past: AccessPast, question: AccessQuestion, at: Moment) {
    const { organizationId, permission, object } = question;
    return {
      permission,
      object: object ?? null,
      position: this.history.positionOf(at),
      time: timeOf(at),
      rulesOf: question.rules === 'current' ? VERSION : (policyOf(past, question, at.sequence).release ?? null),
      protected: object !== undefined && past.objects.isProtectedAt(organizationId, object, at.sequence) === true,
    };
  }

  /** Returns the e-mail address of a user; `null` for service members and erased users. */
  async emailOf(userId: string, context: RequestContext): Promise<Result<string | null, DomainError>> {
    const people = await peopleById(this.bus, [userId].filter(isPerson), context);
    return people.ok ? ok(people.value.get(userId)?.email ?? null) : people;
  }

  /**
   * Returns the ID of a user by ID or e-mail address, or of a service member by ID, name, or `service:NAME`: a present or
   * former member, or a global admin.
   */
  async userId(
    past: AccessPast,
    organizationId: string,
    user: string,
    context: RequestContext,
  ): Promise<Result<string, DomainError>> {
    const candidates = past.rights.candidates(organizationId);
    if (user.startsWith(SERVICE)) {
      const id = past.rights.serviceMember(organizationId, user.slice(SERVICE.length));
      return id === undefined ? err(accessErrors.noSuchUser(user)) : ok(id);
    }
    if (!user.includes('@')) {
      const id = candidates.has(user) ? user : past.rights.serviceMember(organizationId, user);
      return id === undefined ? err(accessErrors.noSuchUser(user)) : ok(id);
    }
    const found = await this.bus.request(peopleRequest, { email: user }, this.bus.own(context));
    if (!found.ok) return found;
    const person = found.value.people.find(({ id }) => candidates.has(id));
    return person ? ok(person.id) : err(accessErrors.noSuchUser(user));
  }
}

/** Returns the time of a moment, RFC 3339. */
export const timeOf = ({ nowMs }: Moment): string => new Date(nowMs).toISOString();

/** Services and service members have no record with a name and an address. */
const isPerson = (id: string): boolean => !id.startsWith('system:') && !id.startsWith('service-');
