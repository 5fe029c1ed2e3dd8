import { COMMANDS, Resumption, type CommandRunner } from '#event-sourcing';
import { idOf, type CommandContext, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { subscriptionDecider } from '../subscription.decider.ts';
import { subscriptionEvents, type ChangeRequested, type SubscriptionEvent } from '../subscription.events.ts';
import { PlanChange } from './plan-change.service.ts';

/** Ends plan changes that a crash interrupted: restores the previous limits, and records the change as refused. */
@Injectable()
export class PlanChangeReactor extends Resumption<SubscriptionEvent, ChangeRequested['type']> {
  readonly name = 'billing-plan-changes.v1';
  readonly events = subscriptionEvents;
  readonly types = ['subscription.change-requested.v1'] as const;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(PlanChange) private readonly changes: PlanChange,
  ) {
    super();
  }

  protected async resume({ event, metadata }: Recorded<ChangeRequested>, context: CommandContext) {
    const loaded = await this.commands.load(subscriptionDecider, metadata.stream);
    if (!loaded.ok || loaded.value.state.changingSince !== metadata.revision) return loaded;
    return this.changes.refuse(idOf(metadata.stream), event.data.to, [], context);
  }
}
