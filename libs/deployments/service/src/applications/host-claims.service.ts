import type { ResolvedSpec } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { Configuration } from '../catalog/beginnings.ts';
import { hostsDecider, hostsStream, takenHost } from '../clusters/hosts.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { ManifestReader } from '../shared/manifest-reader.service.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { latestOf, type Application, type Revision } from './application.ts';
import { RevisionContent } from './revision-content.service.ts';

/** Hosts of one revision of an application. */
export interface RevisionHosts {
  readonly organizationId: string;
  readonly applicationId: string;
  readonly revision: number;
  readonly cluster: Pick<Configuration['cluster'], 'uid' | 'name'>;
  readonly hosts: readonly string[];
}

/**
 * Claims hosts. A host belongs to one application of a cluster. Like a namespace, it is claimed before a revision is
 * recorded.
 */
@Injectable()
export class HostClaims {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ManifestReader) private readonly manifests: Pick<ManifestReader, 'hosts'>,
    @Inject(RevisionContent) private readonly contents: Pick<RevisionContent, 'of'>,
  ) {}

  /** Returns the hosts of a resolved revision. For rendered sources, only the worker can find them. */
  hostsIn({ source }: Pick<ResolvedSpec, 'source'>): Promise<Result<readonly string[], DomainError>> {
    if (source.type === 'yaml') return this.manifests.hosts(source.manifests);
    const host = source.type === 'image' ? source.workload.host : undefined;
    return Promise.resolve(ok(host === undefined ? [] : [host]));
  }

  /** Returns the hosts of a recorded revision, or none if its content was removed. */
  async hostsOf(revision: Pick<Revision, 'resolved'>): Promise<Result<readonly string[], DomainError>> {
    const content = await this.contents.of(revision);
    if (!content.ok) return content;
    return content.value ? this.hostsIn(content.value) : ok([]);
  }

  /** Returns an error if another application has one of the hosts. Writes nothing. */
  async check(wanted: RevisionHosts): Promise<Result<void, DomainError>> {
    if (wanted.hosts.length === 0) return ok(undefined);
    const loaded = await this.commands.load(hostsDecider, hostsStream(wanted.cluster.uid));
    if (!loaded.ok) return loaded;
    const taken = takenHost(wanted, loaded.value.state);
    return taken ? err(await this.refusal(wanted, taken)) : ok(undefined);
  }

  /** Claims all hosts or none. */
  async claim({ cluster, ...wanted }: RevisionHosts, context: CommandContext): Promise<Result<void, DomainError>> {
    if (wanted.hosts.length === 0) return ok(undefined);
    const { organizationId, applicationId, revision, hosts } = wanted;
    const command = { type: 'claim', organizationId, applicationId, revision, hosts } as const;
    const claimed = await this.commands.run(hostsDecider, hostsStream(cluster.uid), command, context, {
      step: `hosts ${applicationId} ${revision}`,
    });
    if (claimed.ok) return ok(undefined);
    if (claimed.error.code !== deploymentsErrors.hostTaken('', '').code) return err(claimed.error);
    const checked = await this.check({ cluster, ...wanted });
    return checked.ok ? err(claimed.error) : checked;
  }

  /**
   * Releases the hosts that an application no longer uses.
   * @param upTo keeps what was claimed for later revisions than this
   */
  async retain(
    clusterUid: string,
    kept: { readonly applicationId: string; readonly hosts: readonly string[]; readonly upTo?: number },
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const stream = hostsStream(clusterUid);
    const retained = await this.commands.run(hostsDecider, stream, { type: 'retain', ...kept }, context, {
      step: `keep hosts ${kept.applicationId} ${kept.upTo ?? ''}`,
    });
    return retained.ok ? ok(undefined) : err(retained.error);
  }

  /**
   * Releases the hosts that were claimed for a revision that was not recorded. Revisions since the last one that
   * succeeded keep their hosts, since their objects may be on the cluster.
   */
  async withdraw(
    { clusterUid, revision }: { readonly clusterUid: string; readonly revision: number },
    applicationId: string,
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const application = loaded.value.state;
    const { status, revisions } = application;
    if (status === 'absent') return ok(undefined); // being created: the claim of its name completes or ends it
    if (status === 'deleted') return this.retain(clusterUid, { applicationId, hosts: [] }, context);
    if (revisions.length >= revision) return ok(undefined); // the end of its deployment releases what it does not use
    const hosts: string[] = [];
    for (const standing of standingRevisions(application)) {
      const found = await this.hostsOf(standing);
      if (!found.ok) return found;
      hosts.push(...found.value);
    }
    return this.retain(clusterUid, { applicationId, hosts }, context);
  }

  /**
   * Claims the hosts of an application that an earlier release deployed without claims. Hosts that others have claimed
   * since remain theirs.
   */
  async adopt(applicationId: string, revision: number, context: CommandContext): Promise<Result<void, DomainError>> {
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const latest = latestOf(loaded.value.state);
    const { organizationId } = context;
    const isPresent = loaded.value.state.status === 'active' && latest?.revision === revision;
    if (!isPresent || organizationId === undefined) return ok(undefined);
    const hosts = await this.hostsOf(latest);
    if (!hosts.ok) return hosts;
    return this.claim(
      { organizationId, applicationId, revision, cluster: latest.cluster, hosts: hosts.value },
      context,
    );
  }

  /** Returns the error. It names the application if that belongs to the same organization. */
  private async refusal(
    { organizationId, cluster }: RevisionHosts,
    { host, holder }: NonNullable<ReturnType<typeof takenHost>>,
  ): Promise<DomainError> {
    if (holder.organizationId !== organizationId) return deploymentsErrors.hostTaken(host, cluster.name);
    const loaded = await this.commands.load(applicationDecider, applicationStream(holder.applicationId));
    const name = loaded.ok ? latestOf(loaded.value.state)?.name : undefined;
    return deploymentsErrors.hostTaken(host, cluster.name, name);
  }
}

/**
 * Returns the revisions whose objects may be on the cluster: all since the last one that succeeded, which is included.
 */
function standingRevisions({ revisions }: Application): readonly Revision[] {
  const last = revisions.findLastIndex(({ succeeded }) => succeeded);
  return revisions.slice(Math.max(last, 0));
}
