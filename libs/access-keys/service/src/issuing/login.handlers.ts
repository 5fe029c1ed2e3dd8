import { ACCESS, activeMember, type AccessSource, type Directory } from '#access';
import { loginRequest } from '#access-keys/contract';
import {
  BUS,
  Caller,
  Input,
  refuse,
  reply,
  Serves,
  type Bus,
  type ContextOf,
  type ReplyTo,
  type RequestContext,
} from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { CLOCK, err, ok, type Clock, type DomainError, type Result } from '#kernel';
import { ensureDefaultOrganizationRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { keyErrors } from '../key-ring.errors.ts';
import { KeyViews } from '../overview/key-views.service.ts';
import { ISSUING, type Issuing } from './issuing.service.ts';
import { machineDigest } from './mint.service.ts';

type Entered = OutputOf<typeof loginRequest>['organization'];

@Controller()
export class LoginHandlers {
  constructor(
    @Inject(ISSUING) private readonly issuing: Issuing,
    @Inject(KeyViews) private readonly views: KeyViews,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Logs in on a machine: returns an organization (by default, a new one if the user has none) and a key for it. */
  @Serves(loginRequest)
  async login(
    @Input() { orgId, machine }: InputOf<typeof loginRequest>,
    @Caller() context: ContextOf<typeof loginRequest>,
  ): Promise<ReplyTo<typeof loginRequest>> {
    const userId = context.actor.id;
    const organization = await this.enter(userId, orgId, context);
    if (!organization.ok) return refuse(organization.error);

    const { id, role } = organization.value;
    const issued = await this.issuing.issue(id, context, (minted) => ({
      type: 'create-login-key',
      key: { ...minted, memberId: userId, memberKind: 'person', name: 'login' },
      ownRole: role,
      machine: machineDigest(id, userId, machine),
      nowMs: this.clock.now(),
    }));
    if (!issued.ok) return issued;

    const { key, secret, meta } = issued.value;
    const view = await this.views.one(key, context);
    return reply({ userId, organization: organization.value, key: { ...view, secret } }, meta);
  }

  /** Returns the requested organization; else the default one, the only one, or a new one. */
  private async enter(
    userId: string,
    wanted: string | undefined,
    context: RequestContext,
  ): Promise<Result<Entered, DomainError>> {
    const directory = await this.access.current();
    if (!directory.ok) return directory;
    const nowMs = this.clock.now();
    if (wanted !== undefined) {
      const found = entered(directory.value, wanted, userId, nowMs);
      return found ? ok(found) : err(keyErrors.notAMember());
    }
    const own = directory.value.organizationsOf(userId, nowMs);
    const fitting = own.find(({ isDefault }) => isDefault) ?? (own.length === 1 ? own[0] : undefined);
    const found = fitting && entered(directory.value, fitting.id, userId, nowMs);
    if (found) return ok(found);
    if (own.length > 1) return err(keyErrors.chooseOrganization(own.map(({ slug }) => slug).toSorted()));

    const made = await this.bus.request(ensureDefaultOrganizationRequest, { userId }, this.bus.own(context));
    if (!made.ok) return made;
    const { organizationId: id, slug, name, role, created } = made.value;
    return ok({ id, slug, name, role, created });
  }
}

function entered(directory: Directory, idOrSlug: string, userId: string, nowMs: number): Entered | undefined {
  const found = directory.organization(idOrSlug);
  const member = found && activeMember(found, userId, nowMs);
  return member && { id: found.id, slug: found.slug, name: found.name, role: member.role, created: false };
}
