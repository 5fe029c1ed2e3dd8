import { organizationEvents, type OrganizationEvent } from '#access';
import { DEFAULT_CATALOGUE, defaultLimits, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { COMMANDS, reactionContext, type CommandRunner, type Reactor } from '#event-sourcing';
import { canonicalJson, idOf, type Recorded } from '#kernel';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { LimitSetter } from '../changing/limit-setter.service.ts';
import { subscriptionDecider } from '../subscription.decider.ts';
import { subscriptionStream } from '../subscription.events.ts';

/**
 * Sets the default plan of every new organization. A new organization begins with the limits of the built-in catalog, so
 * those of another catalog are set here.
 */
@Injectable()
export class StartingReactor implements Reactor<OrganizationEvent, 'organization.created.v1'> {
  readonly name = 'billing-starting.v1';
  readonly events = organizationEvents;
  readonly types = ['organization.created.v1'] as const;
  private readonly catalogue: PlanCatalogue;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(LimitSetter) private readonly limits: LimitSetter,
    @Optional() @Inject(PLAN_CATALOGUE) catalogue?: PlanCatalogue,
  ) {
    this.catalogue = catalogue ?? DEFAULT_CATALOGUE;
  }

  async react({ metadata }: Recorded): Promise<void> {
    const organizationId = idOf(metadata.stream);
    const outcome = await this.commands.run(
      subscriptionDecider,
      subscriptionStream(organizationId),
      { type: 'start', plan: this.catalogue.defaultPlan },
      reactionContext('billing', metadata),
    );
    if (!outcome.ok) throw new Error(outcome.error.code);
    const { plan, changingTo, hasEnded } = outcome.value.state;
    if (hasEnded) return; // the organization, whose limits would be set, was deleted in the meantime
    const limits = defaultLimits(this.catalogue);
    const isDefault = plan === this.catalogue.defaultPlan && changingTo === undefined;
    if (!isDefault || canonicalJson(limits) === canonicalJson(defaultLimits())) return;
    const set = await this.limits.set(organizationId, limits, metadata);
    if (!set.ok) throw new Error(set.error.code);
  }
}
