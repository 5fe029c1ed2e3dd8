import { BUS, type Bus } from '#bus';
import { COMMANDS, type CommandRunner, type Reactor } from '#event-sourcing';
import { CLOCK, IDS, type Clock, type Ids, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { applicationDecider } from './application.decider.ts';
import { applicationEvents, type ApplicationEvent } from './application.events.ts';

type Type = 'application.health-changed.v1';

/** Reverts changes that others make on the cluster, for applications with `syncPolicy.selfHeal`. */
@Injectable()
export class SelfHealReactor implements Reactor<ApplicationEvent, Type> {
  readonly name = 'deployments-self-heal.v1';
  readonly events = applicationEvents;
  readonly types = ['application.health-changed.v1'] as const;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  async react({ event, metadata }: Recorded<Extract<ApplicationEvent, { readonly type: Type }>>): Promise<void> {
    const { organizationId, stream } = metadata;
    if (event.data.sync !== 'OutOfSync' || event.data.healingStopped || organizationId === undefined) return;
    const command = { type: 'self-heal', attemptId: this.ids.uuid(), nowMs: this.clock.now() } as const;
    const healed = await this.commands.run(applicationDecider, stream, command, this.bus.own({ organizationId }));
    if (!healed.ok) throw new Error(healed.error.code);
  }
}
