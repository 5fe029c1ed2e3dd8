import {
  ACCESS,
  activeMember,
  can,
  organizationNotFound,
  weaker,
  type AccessSource,
  type DirectoryOrganization,
} from '#access';
import { createKeyRequest } from '#access-keys/contract';
import { defaultLimits, explainLimit, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { BUS, Caller, Input, refuse, reply, Serves, type Bus, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { CLOCK, err, ok, type Clock } from '#kernel';
import { Controller, Inject, Optional } from '@nestjs/common';
import { keyErrors } from '../key-ring.errors.ts';
import { KeyViews } from '../overview/key-views.service.ts';
import { parseExpiry } from './expiry.ts';
import { ISSUING, shownOnce, type Issuing } from './issuing.service.ts';

@Controller()
export class IssuingHandlers {
  constructor(
    @Inject(ISSUING) private readonly issuing: Issuing,
    @Inject(KeyViews) private readonly views: KeyViews,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Optional() @Inject(PLAN_CATALOGUE) private readonly catalogue?: PlanCatalogue,
  ) {}

  /**
   * Creates a key. The first response contains the secret; the response to a repeated request only identifies the key.
   */
  @Serves(createKeyRequest)
  async create(
    @Input() { name, role, expires, source, service }: InputOf<typeof createKeyRequest>,
    @Caller() context: ContextOf<typeof createKeyRequest>,
  ): Promise<ReplyTo<typeof createKeyRequest>> {
    const { organizationId, actor, principal } = context;
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const organization = directory.value.organization(organizationId);
    const nowMs = this.clock.now();
    const member = organization && activeMember(organization, actor.id, nowMs);
    if (organization === undefined || member === undefined) return refuse(organizationNotFound());

    if (service !== undefined) {
      const decision = can(principal, 'keys.service', { organizationId }, directory.value, nowMs);
      if (!decision.allowed) return refuse(decision.error);
    }
    const owner = service === undefined ? ok({ id: actor.id, ...member }) : serviceOf(organization, service);
    if (!owner.ok) return refuse(owner.error);
    const until = expires === undefined ? ok(undefined) : parseExpiry(expires, nowMs);
    if (!until.ok) return until;
    const { keyExpiry } = organization.settings;
    const usual = keyExpiry === null ? ok(undefined) : parseExpiry(keyExpiry, nowMs);
    if (!usual.ok) return usual;
    const { activeKeys, keyLifetimeDays: lifetimeDays } = defaultLimits(this.catalogue);
    const issued = await this.issuing.issue(organizationId, context, (minted) => ({
      type: 'create-key',
      key: { ...minted, memberId: owner.value.id, memberKind: owner.value.kind, name },
      source,
      ...(role && { role }),
      ownRole: weaker(owner.value.role, member.role),
      ...(until.value !== undefined && { expires: until.value }),
      ...(usual.value !== undefined && { usualExpires: usual.value }),
      nowMs,
      defaults: { activeKeys, lifetimeDays },
    }));
    if (!issued.ok)
      return explainLimit(this.bus, issued, context, ({ code, detail, extra }, plan) =>
        code === 'access-keys/active-key-limit'
          ? `${organization.slug} uses ${extra?.['used']} of the ${extra?.['limit']} active keys of plan ${plan}; key ${name} was not created.`
          : detail,
      );

    const { key, secret, meta } = issued.value;
    return reply(
      { ...(await this.views.one(key, context)), secret },
      { ...meta, created: true, ...(meta.repeated && { warnings: [shownOnce(key.id)] }) },
    );
  }
}

/** Finds a service member by name. */
function serviceOf({ members }: DirectoryOrganization, name: string) {
  const found = [...members].find(([, { kind, name: own }]) => kind === 'service' && own === name);
  return found ? ok({ id: found[0], ...found[1] }) : err(keyErrors.serviceUnknown(name));
}
