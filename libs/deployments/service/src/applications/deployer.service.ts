import { COMMANDS, finishOrUndo, ownerFirst, type CommandRunner, type Committed } from '#event-sourcing';
import type { OrganizationContext } from '#bus';
import { CLOCK, err, ok, type Clock, type CommandContext, type DomainError, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import type { Configuration } from '../catalog/beginnings.ts';
import { catalogDecider, catalogStream, utcDay } from '../catalog/catalog.decider.ts';
import type { NewName } from '../catalog/catalog.events.ts';
import { namespacesDecider, namespacesStream } from '../clusters/namespaces.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { applicationDecider, applicationStream, type ApplicationCommand } from './application.decider.ts';
import type { ApplicationEvent } from './application.events.ts';
import { latestOf, type Application } from './application.ts';
import type { SecretsChange } from './change-secrets.ts';
import { isSame } from './configure.ts';
import { HostClaims, type RevisionHosts } from './host-claims.service.ts';
import { NameRelease } from './name-release.service.ts';
import { ProtectionReader, type Place } from './protection.service.ts';
import { refusedChange } from './protection.ts';

/** Step of a command that changes secrets, with a new revision or without. */
export const SECRETS_STEP = 'secrets';

/** How often the claim of a namespace is retried because others claim it at the same time. */
const TRIES = 20;

/** A revision that is ready to be recorded. */
export interface Deployment {
  readonly organizationId: string;
  readonly applicationId: string;
  readonly configuration: Configuration;
  readonly revision: number;
  /** Whether the manifest names the namespace. */
  readonly named: boolean;
  /** Hosts that the revision requires. */
  readonly hosts: readonly string[];
  /** Whether the caller is an owner, an admin, or a global admin who logged in, and so may use all profiles. */
  readonly isAdmin: boolean;
  /** Whether a check of the cluster found a drift. */
  readonly drifted?: boolean;
  /** Whether the attempt fails at the first failure of the rollout. */
  readonly failFast?: boolean;
  /** Whether the attempt may delete most objects of the application. */
  readonly allowRemovals?: boolean;
  /** Change of secrets that the revision results from. */
  readonly secrets?: SecretsChange;
}

/** Result of a write: the application including its events, and the events. */
export interface Deployed {
  readonly application: Application;
  readonly events: readonly ApplicationEvent[];
  readonly position: Position | undefined;
  readonly repeated: boolean;
}

/** Writes a revision to the streams that it concerns, starting with the one that owns the name. */
@Injectable()
export class Deployer {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
    @Inject(NameRelease) private readonly release: NameRelease,
    @Inject(ProtectionReader) private readonly protection: ProtectionReader,
    @Inject(HostClaims) private readonly hosts: HostClaims,
  ) {}

  /**
   * Creates an application: claims its name, then its namespace, then its hosts, and then begins its own stream. If a
   * later step is rejected, the application is ended.
   * @returns `deployments/stale-revision` if another application got the name in the meantime
   */
  create(deployment: Deployment, context: OrganizationContext): Promise<Result<Deployed, DomainError>> {
    return ownerFirst({ start: () => this.claimName(deployment, context), ...this.rest(deployment, context) });
  }

  /** Completes an interrupted creation. Does nothing if the application's stream has begun. */
  async resumeCreation(deployment: Deployment, context: CommandContext): Promise<Result<unknown, DomainError>> {
    const present = await this.commands.load(applicationDecider, applicationStream(deployment.applicationId));
    if (!present.ok) return present;
    return present.value.state.status === 'absent'
      ? finishOrUndo(this.rest(deployment, context), undefined)
      : ok(undefined);
  }

  private rest(deployment: Deployment, context: CommandContext) {
    return {
      finish: async (): Promise<Result<Deployed, DomainError>> => {
        const claimed = context.dryRun ? ok(undefined) : await this.claimNamespace(deployment, context);
        return claimed.ok ? this.configure({ ...deployment, revision: 1 }, context) : claimed;
      },
      undo: () => this.discard(deployment, context),
    };
  }

  /** Claims the name and counts the deployment. */
  private async claimName(
    { organizationId, applicationId, configuration, named }: Deployment,
    context: OrganizationContext,
  ): Promise<Result<unknown, DomainError>> {
    const claim: NewName = {
      kind: 'application',
      name: configuration.name,
      id: applicationId,
      counted: true,
      refers: configuration.profile.id,
      intent: configuration,
      namedNamespace: named,
    };
    const command = { type: 'claim', claim, day: utcDay(this.clock.now()) } as const;
    const claimed = await this.commands.run(catalogDecider, catalogStream(organizationId), command, context, {
      step: `claim ${applicationId}`,
    });
    if (!claimed.ok) return claimed;
    const owner = claimed.value.state.entries.application.get(configuration.name);
    return owner && owner.id !== applicationId ? err(deploymentsErrors.staleRevision()) : ok(undefined);
  }

  /** Counts a deployment of an existing application. */
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
      day: utcDay(this.clock.now()),
    } as const;
    const counted = await this.commands.run(catalogDecider, catalogStream(organizationId), command, context, {
      step: 'count',
    });
    return counted.ok ? ok(undefined) : err(counted.error);
  }

  /**
   * Claims the namespace. The protection of each application that shares it must be known: if another one joins in
   * between, the protection is looked up again.
   */
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

  /**
   * Configures an application as it was earlier, and points its name to the profile of that revision if it still
   * exists.
   */
  async rollBack(
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
    const { applicationId, configuration, revision, drifted, failFast, allowRemovals } = deployment;
    const stream = applicationStream(applicationId);
    const loaded = await this.commands.load(applicationDecider, stream);
    if (!loaded.ok) return loaded;
    const running = await this.history.running(loaded.value.state.attempts);
    if (!running.ok) return running;
    const protection = await this.protection.of(placeOf(deployment), latestOf(loaded.value.state), configuration);
    if (!protection.ok) return protection;
    const { state } = loaded.value;
    const hosts = hostsOf(deployment, isSame(configuration, state) ? state.revisions.length : revision);
    const claimed = context.dryRun ? await this.hosts.check(hosts) : await this.hosts.claim(hosts, context);
    if (!claimed.ok) return claimed;
    const attemptId = this.commands.newId(context, 1);
    const common = {
      configuration,
      attemptId,
      running: running.value,
      protection: protection.value,
      ...(context.ifMatch !== undefined && { ifMatch: context.ifMatch }),
    };
    const command: ApplicationCommand = deployment.secrets
      ? {
          type: 'change-secrets',
          ...common,
          name: configuration.name,
          change: deployment.secrets,
          present: revision - 1,
        }
      : {
          type: 'configure',
          ...common,
          revision,
          ...(drifted !== undefined && { drifted }),
          ...(failFast !== undefined && { failFast }),
          ...(allowRemovals !== undefined && { allowRemovals }),
        };
    const step = deployment.secrets ? SECRETS_STEP : 'configure';
    const recorded = await this.commands.run(applicationDecider, stream, command, context, { step });
    if (recorded.ok) return ok(deployedOf(recorded.value));
    const { uid: clusterUid } = configuration.cluster;
    const withdrawn = context.dryRun
      ? ok(undefined)
      : await this.hosts.withdraw({ clusterUid, revision: hosts.revision }, applicationId, context);
    return withdrawn.ok ? recorded : withdrawn;
  }

  /** Ends an application that has only its name, and perhaps its namespace. One whose stream has begun is unchanged. */
  private async discard(deployment: Deployment, context: CommandContext): Promise<Result<unknown, DomainError>> {
    const { organizationId, applicationId, configuration } = deployment;
    const stream = applicationStream(applicationId);
    const discarded = await this.commands.run(applicationDecider, stream, { type: 'discard' }, context, {
      step: 'discard',
    });
    if (!discarded.ok) return discarded;
    // Its own stream does not list the namespace and the hosts.
    const { cluster, targetNamespace } = configuration;
    const claimed = { clusterUid: cluster.uid, namespace: targetNamespace };
    const freed = await this.release.ofUnused(claimed, applicationId, context);
    if (!freed.ok) return freed;
    if (discarded.value.state.status === 'deleted') {
      const unhosted = await this.release.ofHosts(cluster.uid, applicationId, context);
      if (!unhosted.ok) return unhosted;
    }
    return this.release.release(organizationId, applicationId, configuration.name, context);
  }
}

const hostsOf = (
  { organizationId, applicationId, configuration, hosts }: Deployment,
  revision: number,
): RevisionHosts => ({ organizationId, applicationId, revision, cluster: configuration.cluster, hosts });

const placeOf = ({ organizationId, applicationId, configuration, isAdmin }: Deployment): Place => ({
  organizationId,
  applicationId,
  isAdmin,
  target: { clusterUid: configuration.cluster.uid, namespace: configuration.targetNamespace },
});

const deployedOf = ({ state, events, meta, repeated }: Committed<Application, ApplicationEvent>): Deployed => ({
  application: state,
  events,
  position: meta.position,
  repeated,
});
