import { DEFAULT_CATALOGUE, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels, type Sweep } from '#event-sourcing';
import { CLOCK, IDS, LOGGER, type Clock, type Ids, type Logger } from '#kernel';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { planNamed } from '../catalogue.ts';
import { subscriptionsProjection } from '../overview/subscriptions.projection.ts';
import { subscriptionDecider } from '../subscription.decider.ts';
import { subscriptionStream } from '../subscription.events.ts';
import { LIMIT_SETTER, type LimitSetter } from './limit-setter.service.ts';

/** Nobody waits longer than this for the answer to a change of plan: whatever is older was left behind by a crash. */
const LEFT_BEHIND_MS = 30_000;

/** Ends changes of plan that a crash left half done: the old limits are set again, and the change counts as refused. */
@Injectable()
export class UnfinishedChanges implements Sweep {
  readonly name = 'billing-unfinished-changes';
  readonly everyMs = 30_000;
  private readonly catalogue: PlanCatalogue;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(LIMIT_SETTER) private readonly limits: LimitSetter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(LOGGER) private readonly logger: Logger,
    @Optional() @Inject(PLAN_CATALOGUE) catalogue?: PlanCatalogue,
  ) {
    this.catalogue = catalogue ?? DEFAULT_CATALOGUE;
  }

  async run(signal: AbortSignal): Promise<void> {
    const found = await this.readModels.find(subscriptionsProjection, { where: { isChanging: true }, limit: 100 });
    if (!found.ok)
      return this.logger.warn({ code: found.error.code }, 'unfinished changes of plans could not be searched');
    for (const { id: organizationId, document } of found.value.items) {
      if (signal.aborted) return;
      const { plan, changingTo, changingSince } = document;
      if (
        changingTo === null ||
        changingSince === null ||
        this.clock.now() - Date.parse(changingSince) < LEFT_BEHIND_MS
      )
        continue;
      await this.end(organizationId, plan, changingTo);
    }
  }

  private async end(organizationId: string, plan: string, changingTo: string): Promise<void> {
    const correlationId = this.ids.uuid();
    const set = await this.limits.set(organizationId, planNamed(this.catalogue, plan).limits, { correlationId });
    if (!set.ok)
      return this.logger.warn(
        { organizationId, code: set.error.code },
        'the limits of a plan could not be set back yet',
      );
    const refusal = {
      type: 'refuse-change',
      plan: changingTo,
      defaultPlan: this.catalogue.defaultPlan,
      over: [],
    } as const;
    const ended = await this.commands.run(subscriptionDecider, subscriptionStream(organizationId), refusal, {
      actor: { id: 'system:billing', kind: 'system', isGlobalAdmin: false },
      commandId: freshCommandId(this.ids),
      correlationId,
      organizationId,
    });
    if (!ended.ok)
      this.logger.warn({ organizationId, code: ended.error.code }, 'a change of plan could not be ended yet');
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const freshCommandId = (ids: Ids): string => `${hex(ids.random(16))}.${hex(ids.random(16))}`;
