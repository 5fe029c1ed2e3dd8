import { ACCESS, organizationNotFound, type AccessSource } from '#access';
import { createKeyRequest } from '#access-keys/contract';
import { defaultLimits, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { BUS, Caller, Input, refuse, reply, Serves, type Bus, type Reply, type RequestContext } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, IDS, ok, type Clock, type Ids } from '#kernel';
import { Controller, Inject, Optional } from '@nestjs/common';
import { keyView } from '../overview/key-view.ts';
import { ownersOf } from '../overview/owners.queries.ts';
import { explainLimit } from '../overview/plans.queries.ts';
import { parseExpiry } from './expiry.ts';
import { ISSUING, type Issuing } from './issuing.service.ts';
import { mintKey } from './mint.service.ts';

@Controller()
export class IssuingHandlers {
  constructor(
    @Inject(ISSUING) private readonly issuing: Issuing,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    @Optional() @Inject(PLAN_CATALOGUE) private readonly catalogue?: PlanCatalogue,
  ) {}

  /** The secret is in the first answer alone: a repeated request names the key and says nothing more. */
  @Serves(createKeyRequest)
  async create(
    @Input() { name, role, expires, source }: InputOf<typeof createKeyRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof createKeyRequest>>> {
    const { organizationId, actor } = context;
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const member =
      organizationId === undefined ? undefined : directory.value.organization(organizationId)?.members.get(actor.id);
    if (organizationId === undefined || member === undefined) return refuse(organizationNotFound());

    const nowMs = this.clock.now();
    const until = expires === undefined ? ok(undefined) : parseExpiry(expires, nowMs);
    if (!until.ok) return refuse(until.error);
    const limits = defaultLimits(this.catalogue);
    const minted = mintKey(this.ids, this.commands, context);
    const issued = await this.issuing.issue(
      {
        type: 'create-key',
        key: { ...minted.key, memberId: actor.id, memberKind: member.kind, name },
        source,
        ...(role && { role }),
        ownRole: member.role,
        ...(until.value !== undefined && { expires: until.value }),
        nowMs,
        defaults: { activeKeys: limits.activeKeys, lifetimeDays: limits.keyLifetimeDays },
      },
      organizationId,
      context,
    );
    if (!issued.ok) return refuse(await explainLimit(this.bus, issued.error, organizationId, context));

    const { key, repeated, position } = issued.value;
    const owners = await ownersOf(this.bus, [key], context);
    const view = keyView(key, { nowMs, owner: owners(key), lastUsed: null });
    return reply(
      { ...view, secret: repeated ? null : minted.text },
      {
        position,
        created: true,
        ...(repeated && {
          repeated,
          warnings: [`The secret of ${key.id} was shown once, in the first answer, and cannot be shown again.`],
        }),
      },
    );
  }
}
