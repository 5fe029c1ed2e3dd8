import { COMMANDS, type CommandRunner, type Committed } from '#event-sourcing';
import type { RequestContext } from '#bus';
import { CLOCK, err, ok, type Clock, type CommandContext, type DomainError, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import type { NewName } from '../catalog/catalog.events.ts';
import { namespacesDecider, namespacesStream } from '../clusters/namespaces.decider.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import type { Application } from './application.ts';
import type { ApplicationEvent, Configuration } from './application.events.ts';
import { NameRelease } from './name-release.service.ts';

/** A revision, ready to be recorded. */
export interface Deployment {
  readonly organizationId: string;
  readonly applicationId: string;
  readonly configuration: Configuration;
  readonly revision: number;
  /** The person named the namespace. */
  readonly named: boolean;
}

export interface Deployed {
  readonly application: Application;
  readonly events: readonly ApplicationEvent[];
  readonly position: Position | undefined;
  readonly repeated: boolean;
}

/** Writes a revision into the streams that it concerns, the owner's first. */
@Injectable()
export class Deployer {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
    @Inject(NameRelease) private readonly release: NameRelease,
  ) {}

  /** Takes the name and counts the deployment; answers with the id that the name has, which may be another's. */
  async claimName(
    { organizationId, applicationId, configuration, named }: Deployment,
    context: RequestContext,
  ): Promise<Result<string, DomainError>> {
    const claim: NewName = {
      kind: 'application',
      name: configuration.name,
      id: applicationId,
      counted: true,
      refers: configuration.profile.id,
      intent: configuration,
      namedNamespace: named,
    };
    const command = { type: 'claim', claim, day: this.today() } as const;
    const stream = catalogStream(organizationId);
    if (context.dryRun) {
      const planned = await this.commands.plan(catalogDecider, stream, command, context);
      return planned.ok ? ok(applicationId) : planned;
    }
    const claimed = await this.commands.run(catalogDecider, stream, command, context, {
      step: `claim ${applicationId}`,
    });
    return claimed.ok
      ? ok(claimed.value.state.entries.application.get(configuration.name)?.id ?? applicationId)
      : claimed;
  }

  /** Counts a deployment of an application that exists. */
  async count(
    { organizationId, applicationId, configuration }: Deployment,
    context: RequestContext,
  ): Promise<Result<void, DomainError>> {
    const command = {
      type: 'count',
      kind: 'application',
      name: configuration.name,
      id: applicationId,
      refers: configuration.profile.id,
      day: this.today(),
    } as const;
    const stream = catalogStream(organizationId);
    const counted = context.dryRun
      ? await this.commands.plan(catalogDecider, stream, command, context)
      : await this.commands.run(catalogDecider, stream, command, context, { step: 'count' });
    return counted.ok ? ok(undefined) : err(counted.error);
  }

  /**
   * Behind the name: the namespace, then the application's own stream. A namespace that another one took in between
   * ends what has only its name.
   */
  async finishCreation(
    { organizationId, applicationId, configuration, named }: Deployment,
    context: CommandContext,
  ): Promise<Result<Deployed, DomainError>> {
    const { cluster, targetNamespace, name } = configuration;
    const claimed = await this.commands.run(
      namespacesDecider,
      namespacesStream(cluster.uid),
      { type: 'claim', namespace: targetNamespace, organizationId, applicationId, named },
      context,
      { step: `claim ${applicationId}` },
    );
    if (!claimed.ok) {
      if (claimed.error.kind !== 'unavailable') await this.discard(organizationId, applicationId, name, context);
      return err(claimed.error);
    }
    return this.configure({ organizationId, applicationId, configuration, named, revision: 1 }, context);
  }

  async configure(
    { applicationId, configuration, revision }: Deployment,
    context: CommandContext & { readonly dryRun?: boolean; readonly ifMatch?: number },
  ): Promise<Result<Deployed, DomainError>> {
    const stream = applicationStream(applicationId);
    const loaded = await this.commands.load(applicationDecider, stream);
    if (!loaded.ok) return loaded;
    const running = await this.history.running(loaded.value.state);
    if (!running.ok) return running;
    const attemptId = this.commands.newId(context, 1);
    const command = {
      type: 'configure',
      configuration,
      revision,
      attemptId,
      running: running.value,
      ...(context.ifMatch !== undefined && { ifMatch: context.ifMatch }),
    } as const;
    if (context.dryRun) {
      const planned = await this.commands.plan(applicationDecider, stream, command, context);
      return planned.ok
        ? ok({ application: planned.value.state, events: planned.value.events, position: undefined, repeated: false })
        : planned;
    }
    const recorded = await this.commands.run(applicationDecider, stream, command, context, { step: 'configure' });
    return recorded.ok ? ok(deployedOf(recorded.value)) : recorded;
  }

  /** Ends an application that has nothing but its name. */
  async discard(
    organizationId: string,
    applicationId: string,
    name: string,
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const discarded = await this.commands.run(
      applicationDecider,
      applicationStream(applicationId),
      { type: 'discard' },
      context,
      { step: 'discard' },
    );
    return discarded.ok ? this.release.release(organizationId, applicationId, name, context) : err(discarded.error);
  }

  private today(): string {
    return new Date(this.clock.now()).toISOString().slice(0, 10);
  }
}

const deployedOf = ({ state, events, position, repeated }: Committed<Application, ApplicationEvent>): Deployed => ({
  application: state,
  events,
  position,
  repeated,
});
