import { ACCESS, activeMember, organizationNotFound, type AccessSource } from '#access';
import { createKeyRequest } from '#access-keys/contract';
import { defaultLimits, explainLimit, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { BUS, Caller, Input, refuse, reply, Serves, type Bus, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { CLOCK, ok, type Clock } from '#kernel';
import { Controller, Inject, Optional } from '@nestjs/common';
import { KeyViews } from '../overview/key-views.service.ts';
import { parseExpiry } from './expiry.ts';
import { ISSUING, type Issuing } from './issuing.service.ts';

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
    @Input() { name, role, expires, source }: InputOf<typeof createKeyRequest>,
    @Caller() context: ContextOf<typeof createKeyRequest>,
  ): Promise<ReplyTo<typeof createKeyRequest>> {
    const { organizationId, actor } = context;
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const organization = directory.value.organization(organizationId);
    const nowMs = this.clock.now();
    const member = organization && activeMember(organization, actor.id, nowMs);
    if (organization === undefined || member === undefined) return refuse(organizationNotFound());

    const until = expires === undefined ? ok(undefined) : parseExpiry(expires, nowMs);
    if (!until.ok) return until;
    const { keyExpiry } = organization.settings;
    const usual = keyExpiry === null ? ok(undefined) : parseExpiry(keyExpiry, nowMs);
    if (!usual.ok) return usual;
    const { activeKeys, keyLifetimeDays: lifetimeDays } = defaultLimits(this.catalogue);
    const issued = await this.issuing.issue(organizationId, context, (minted) => ({
      type: 'create-key',
      key: { ...minted, memberId: actor.id, memberKind: member.kind, name },
      source,
      ...(role && { role }),
      ownRole: member.role,
      ...(until.value !== undefined && { expires: until.value }),
      ...(usual.value !== undefined && { usualExpires: usual.value }),
      nowMs,
      defaults: { activeKeys, lifetimeDays },
    }));
    if (!issued.ok) return explainLimit(this.bus, issued, context);

    const { key, secret, meta } = issued.value;
    const warnings = [`The secret of ${key.id} was shown once, in the first response, and cannot be shown again.`];
    return reply(
      { ...(await this.views.one(key, context)), secret },
      { ...meta, created: true, ...(meta.repeated && { warnings }) },
    );
  }
}
