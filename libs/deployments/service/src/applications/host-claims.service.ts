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

/** The hosts of one revision of an application. */
export interface RevisionHosts {
  readonly organizationId: string;
  readonly applicationId: string;
  readonly revision: number;
  readonly cluster: Pick<Configuration['cluster'], 'uid' | 'name'>;
  readonly hosts: readonly string[];
}

/** A host belongs to one application of a cluster: it is claimed before a revision is recorded, like a namespace. */
@Injectable()
export class HostClaims {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ManifestReader) private readonly manifests: Pick<ManifestReader, 'hosts'>,
    @Inject(RevisionContent) private readonly contents: Pick<RevisionContent, 'of'>,
  ) {}

  /** Hosts that a resolved revision asks for; those of rendered sources are known to the worker alone. */
  hostsIn({ source }: Pick<ResolvedSpec, 'source'>): Promise<Result<readonly string[], DomainError>> {
    if (source.type === 'yaml') return this.manifests.hosts(source.manifests);
    return Promise.resolve(ok(source.workload.host === undefined ? [] : [source.workload.host]));
  }

  /** Hosts of a recorded revision; none where its content is gone. */
  async hostsOf(revision: Pick<Revision, 'resolved'>): Promise<Result<readonly string[], DomainError>> {
    const content = await this.contents.of(revision);
    if (!content.ok) return content;
    return content.value ? this.hostsIn(content.value) : ok([]);
  }

  /** Refuses hosts that another application has, and writes nothing. */
  async check(wanted: RevisionHosts): Promise<Result<void, DomainError>> {
    if (wanted.hosts.length === 0) return ok(undefined);
    const loaded = await this.commands.load(hostsDecider, hostsStream(wanted.cluster.uid));
    if (!loaded.ok) return loaded;
    const taken = takenHost(wanted, loaded.value.state);
    return taken ? err(await this.refusal(wanted, taken)) : ok(undefined);
  }

  /** All of them, or none. */
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

  /** Gives back what an application no longer uses. @param upTo what was claimed for a later revision stays */
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
   * Gives back what was claimed for a revision that was not recorded. Revisions since the last one that succeeded keep
   * their hosts: objects of each may be on the cluster.
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
    if (status === 'absent') return ok(undefined); // being created: its name finishes or ends it
    if (status === 'deleted') return this.retain(clusterUid, { applicationId, hosts: [] }, context);
    if (revisions.length >= revision) return ok(undefined); // the end of its deployment gives back what it lacks
    const hosts: string[] = [];
    for (const standing of standingRevisions(application)) {
      const found = await this.hostsOf(standing);
      if (!found.ok) return found;
      hosts.push(...found.value);
    }
    return this.retain(clusterUid, { applicationId, hosts }, context);
  }

  /** What an application of an earlier release uses, which claimed nothing; what others have by now stays theirs. */
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

  /** The refusal; an application of the same organization is named. */
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

/** Revisions of which objects may be on the cluster: from the last one that succeeded on. */
function standingRevisions({ revisions }: Application): readonly Revision[] {
  const last = revisions.findLastIndex(({ succeeded }) => succeeded);
  return revisions.slice(Math.max(last, 0));
}
