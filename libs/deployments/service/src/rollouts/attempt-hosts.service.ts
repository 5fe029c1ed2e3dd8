import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { applicationDecider, applicationStream } from '../applications/application.decider.ts';
import { openAttempt, type Application } from '../applications/application.ts';
import { HostClaims } from '../applications/host-claims.service.ts';
import { deploymentsErrors } from '../deployments.errors.ts';

interface AttemptOf {
  readonly applicationId: string;
  readonly attemptId: string;
}

/** Claims and releases the hosts that workers find in rendered objects, for all kinds of sources. */
@Injectable()
export class AttemptHosts {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(HostClaims) private readonly claims: HostClaims,
  ) {}

  /** Claims the hosts of the rendered objects before anything is written. */
  async claim(
    { organizationId, applicationId, attemptId }: AttemptOf & { readonly organizationId: string },
    hosts: readonly string[],
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const attempt = openAttempt(loaded.value.state, attemptId);
    const revision = loaded.value.state.revisions[(attempt?.revision ?? 0) - 1];
    if (!attempt || !revision) return err(deploymentsErrors.claimLost());
    const { cluster, revision: number } = revision;
    return this.claims.claim({ organizationId, applicationId, revision: number, cluster, hosts }, context);
  }

  /** Releases the hosts of earlier revisions, once a revision is deployed and obsolete objects are deleted. */
  async free(
    { applicationId, attemptId }: AttemptOf,
    { attempts, revisions }: Application,
    hosts: readonly string[],
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const attempt = attempts.find(({ id }) => id === attemptId);
    const cluster = revisions[0]?.cluster;
    if (attempt?.kind !== 'deploy' || attempt.state !== 'succeeded' || !cluster) return ok(undefined);
    return this.claims.retain(cluster.uid, { applicationId, hosts, upTo: attempt.revision }, context);
  }
}
