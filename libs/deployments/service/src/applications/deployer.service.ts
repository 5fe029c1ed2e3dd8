import { COMMANDS, type CommandRunner, type Committed } from '#event-sourcing';
import type { OrganizationContext } from '#bus';
import { CLOCK, err, ok, type Clock, type CommandContext, type DomainError, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import type { Configuration } from '../catalog/beginnings.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import type { NewName } from '../catalog/catalog.events.ts';
import { namespacesDecider, namespacesStream } from '../clusters/namespaces.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import type { ApplicationEvent } from './application.events.ts';
import { latestOf, type Application } from './application.ts';
import { NameRelease } from './name-release.service.ts';
import { ProtectionReader, type Place } from './protection.service.ts';
import { refusedChange } from './protection.ts';

/** How often a namespace is looked at again because others claim it in the meantime. */
const TRIES = 20;

/** A revision, ready to be recorded. */
export interface Deployment {
  readonly organizationId: string;
  readonly applicationId: string;
  readonly configuration: Configuration;
  readonly revision: number;
  /** The person named the namespace. */
  readonly named: boolean;
  /** Who asks is owner, admin, or a global admin who logged in: no profile is closed to them. */
  readonly isAdmin: boolean;
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
    @Inject(ProtectionReader) private readonly protection: ProtectionReader,
  ) {}

  /** Takes the name and counts the deployment; answers with the id that the name has, which may be another's. */
  async claimName(
    { organizationId, applicationId, configuration, named }: Deployment,
    context: OrganizationContext,
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
    context: OrganizationContext,
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
  async finishCreation(deployment: Deployment, context: CommandContext): Promise<Result<Deployed, DomainError>> {
    const { organizationId, applicationId, configuration } = deployment;
    const claimed = await this.claimNamespace(deployment, context);
    if (!claimed.ok) {
      if (claimed.error.kind !== 'unavailable')
        await this.discard(organizationId, applicationId, configuration.name, context);
      return claimed;
    }
    return this.configure({ ...deployment, revision: 1 }, context);
  }

  /** Whoever shares a namespace must have been looked at: another one that comes in between is looked at too. */
  private async claimNamespace(deployment: Deployment, context: CommandContext): Promise<Result<void, DomainError>> {
    const { organizationId, applicationId, configuration, named, isAdmin } = deployment;
    const { name, targetNamespace: namespace, cluster } = configuration;
    for (let tries = 1; ; tries++) {
      const protection = await this.protection.of(placeOf(deployment), configuration);
      if (!protection.ok) return protection;
      const change = { action: 'deploy', application: name, present: undefined, next: configuration } as const;
      const refused = refusedChange(change, protection.value);
      if (refused) return err(refused);
      const claim = {
        type: 'claim',
        namespace,
        organizationId,
        applicationId,
        named,
        ...(!isAdmin && { sharers: protection.value.neighbors.map((neighbor) => neighbor.applicationId) }),
      } as const;
      const step = `claim ${applicationId}`;
      const claimed = await this.commands.run(namespacesDecider, namespacesStream(cluster.uid), claim, context, {
        step,
      });
      if (claimed.ok) return ok(undefined);
      if (claimed.error.code !== deploymentsErrors.staleRevision().code || tries === TRIES) return err(claimed.error);
    }
  }

  /** Configures an application as it was; then its name points to the profile of that revision, where that still exists. */
  async goBack(
    deployment: Deployment,
    context: CommandContext & { readonly dryRun?: boolean; readonly ifMatch?: number },
  ): Promise<Result<Deployed, DomainError>> {
    const configured = await this.configure(deployment, context);
    if (!configured.ok || context.dryRun) return configured;
    const { organizationId, applicationId, configuration } = deployment;
    const { name, profile } = configuration;
    const command = { type: 'point-back', kind: 'application', name, id: applicationId, refers: profile.id } as const;
    const pointed = await this.commands.run(catalogDecider, catalogStream(organizationId), command, context, {
      step: 'point-back',
    });
    return pointed.ok ? configured : err(pointed.error);
  }

  async configure(
    deployment: Deployment,
    context: CommandContext & { readonly dryRun?: boolean; readonly ifMatch?: number },
  ): Promise<Result<Deployed, DomainError>> {
    const { applicationId, configuration, revision } = deployment;
    const stream = applicationStream(applicationId);
    const loaded = await this.commands.load(applicationDecider, stream);
    if (!loaded.ok) return loaded;
    const running = await this.history.running(loaded.value.state.attempts);
    if (!running.ok) return running;
    const protection = await this.protection.of(placeOf(deployment), latestOf(loaded.value.state), configuration);
    if (!protection.ok) return protection;
    const attemptId = this.commands.newId(context, 1);
    const command = {
      type: 'configure',
      configuration,
      revision,
      attemptId,
      running: running.value,
      protection: protection.value,
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

const placeOf = ({ organizationId, applicationId, configuration, isAdmin }: Deployment): Place => ({
  organizationId,
  applicationId,
  isAdmin,
  target: { clusterUid: configuration.cluster.uid, namespace: configuration.targetNamespace },
});

const deployedOf = ({ state, events, position, repeated }: Committed<Application, ApplicationEvent>): Deployed => ({
  application: state,
  events,
  position,
  repeated,
});
