import { keyUsageRequest } from '#access-keys/contract';
import { DEFAULT_CATALOGUE, getUsageRequest, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import {
  BUS,
  Caller,
  Input,
  refuse,
  reply,
  Serves,
  type Bus,
  type ContextOf,
  type Reply,
  type ReplyTo,
  type RequestContext,
} from '#bus';
import type { InputOf } from '#bus/contract';
import { catalogUsageRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { seatUsageRequest } from '#organizations/contract';
import { Controller, Inject, Optional } from '@nestjs/common';
import { planNamed } from '../catalogue.ts';
import { subscriptionDecider } from '../subscription.decider.ts';
import { subscriptionStream } from '../subscription.events.ts';

/** Reports the use of a plan. Each limited object is counted by the service that owns it. */
@Controller()
export class UsageQueries {
  private readonly catalogue: PlanCatalogue;

  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Optional() @Inject(PLAN_CATALOGUE) catalogue?: PlanCatalogue,
  ) {
    this.catalogue = catalogue ?? DEFAULT_CATALOGUE;
  }

  @Serves(getUsageRequest)
  async usage(
    @Input() _input: InputOf<typeof getUsageRequest>,
    @Caller() { organizationId, correlationId }: ContextOf<typeof getUsageRequest>,
  ): Promise<ReplyTo<typeof getUsageRequest>> {
    const loaded = await this.commands.load(subscriptionDecider, subscriptionStream(organizationId));
    if (!loaded.ok) return refuse(loaded.error);
    const { name, limits } = planNamed(this.catalogue, loaded.value.state.plan);
    const own = (): RequestContext => this.bus.own({ correlationId, organizationId });
    const [seats, keys, catalog] = await Promise.all([
      ifKnown(this.bus.request(seatUsageRequest, { organizationId }, own())),
      ifKnown(this.bus.request(keyUsageRequest, { organizationId }, own())),
      ifKnown(this.bus.request(catalogUsageRequest, { organizationId }, own())),
    ]);
    return reply({
      plan: name,
      limits: {
        members: { used: seats?.members ?? null, limit: limits.members },
        clusters: { used: catalog?.clusters ?? null, limit: limits.clusters },
        applications: { used: catalog?.applications ?? null, limit: limits.applications },
        profiles: { used: catalog?.profiles ?? null, limit: limits.profiles },
        activeKeys: { used: keys?.activeKeys ?? null, limit: limits.activeKeys },
        deploymentsPerDay: { used: catalog?.deploymentsPerDay ?? null, limit: limits.deploymentsPerDay },
        requestsPerMinute: { used: null, limit: limits.requestsPerMinute },
        keyLifetimeDays: { used: null, limit: limits.keyLifetimeDays },
        auditDaysShown: { used: null, limit: limits.auditDaysShown },
      },
      pendingInvitations: seats?.pendingInvitations ?? null,
      deployments: catalog?.deployments ?? null,
      pricingUrl: this.catalogue.pricingUrl,
    });
  }
}

/** Returns the response of a service; undefined if it does not respond, so that the others are still shown. */
async function ifKnown<T>(response: Promise<Reply<T>>): Promise<T | undefined> {
  const answer = await response;
  return answer.ok ? answer.value : undefined;
}
