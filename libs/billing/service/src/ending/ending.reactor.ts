import { organizationEvents, type OrganizationEvent } from '#access';
import { DEFAULT_CATALOGUE, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { COMMANDS, reactionContext, type CommandRunner, type Reactor } from '#event-sourcing';
import { idOf, type Recorded } from '#kernel';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { subscriptionDecider } from '../subscription.decider.ts';
import { subscriptionStream } from '../subscription.events.ts';

/** Ends the subscription of every deleted organization, once. */
@Injectable()
export class EndingReactor implements Reactor<OrganizationEvent, 'organization.deleted.v1'> {
  readonly name = 'billing-ending.v1';
  readonly events = organizationEvents;
  readonly types = ['organization.deleted.v1'] as const;
  private readonly catalogue: PlanCatalogue;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Optional() @Inject(PLAN_CATALOGUE) catalogue?: PlanCatalogue,
  ) {
    this.catalogue = catalogue ?? DEFAULT_CATALOGUE;
  }

  async react({ metadata }: Recorded): Promise<void> {
    const organizationId = idOf(metadata.stream);
    const outcome = await this.commands.run(
      subscriptionDecider,
      subscriptionStream(organizationId),
      { type: 'end', defaultPlan: this.catalogue.defaultPlan },
      reactionContext('billing', metadata),
      { step: 'end' },
    );
    if (!outcome.ok) throw new Error(outcome.error.code);
  }
}
