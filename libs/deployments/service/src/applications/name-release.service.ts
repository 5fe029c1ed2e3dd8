import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { hostsDecider, hostsStream } from '../clusters/hosts.decider.ts';
import { namespacesDecider, namespacesStream } from '../clusters/namespaces.decider.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { latestOf } from './application.ts';

/** Releases namespace, hosts and name of a deleted application, in this order, each at most once. */
@Injectable()
export class NameRelease {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  /** Releases what a deleted application holds, including all its names. Idempotent. */
  async ofDeleted(
    organizationId: string,
    applicationId: string,
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const held = [...catalog.value.state.entries.application.values()].find(({ id }) => id === applicationId);
    return held ? this.release(organizationId, applicationId, held.name, context) : ok(undefined);
  }

  /**
   * Releases a namespace that was claimed for an application which has ended since, or was configured in another one:
   * its own stream does not list the claim. An application that is not recorded yet keeps it, and the claim of its name
   * completes it.
   */
  async ofUnused(
    { clusterUid, namespace }: { readonly clusterUid: string; readonly namespace: string },
    applicationId: string,
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>> {
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const latest = latestOf(loaded.value.state);
    const isThere = latest?.cluster.uid === clusterUid && latest.targetNamespace === namespace;
    if (loaded.value.state.status === 'absent' || isThere) return ok(undefined);
    const release = { type: 'release', namespace, applicationId } as const;
    return this.commands.run(namespacesDecider, namespacesStream(clusterUid), release, context, {
      step: `free ${namespace}`,
    });
  }

  /** Releases all hosts of an application on a cluster. */
  ofHosts(clusterUid: string, applicationId: string, context: CommandContext): Promise<Result<unknown, DomainError>> {
    const release = { type: 'retain', applicationId, hosts: [] } as const;
    return this.commands.run(hostsDecider, hostsStream(clusterUid), release, context, {
      step: `free hosts ${applicationId}`,
    });
  }

  /** Releases an application whose stream records the deletion. Idempotent. */
  async release(
    organizationId: string,
    applicationId: string,
    name: string,
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const application = loaded.value.state;
    if (application.status !== 'deleted') return ok(undefined);
    const step = `release ${applicationId}`;
    const latest = latestOf(application);
    if (latest) {
      const { cluster, targetNamespace } = latest;
      const freed = await this.commands.run(
        namespacesDecider,
        namespacesStream(cluster.uid),
        { type: 'release', namespace: targetNamespace, applicationId },
        context,
        { step },
      );
      if (!freed.ok) return err(freed.error);
      const unhosted = await this.ofHosts(cluster.uid, applicationId, context);
      if (!unhosted.ok) return err(unhosted.error);
    }
    const released = await this.commands.run(
      catalogDecider,
      catalogStream(organizationId),
      { type: 'release', kind: 'application', name, id: applicationId },
      context,
      { step },
    );
    return released.ok ? ok(undefined) : err(released.error);
  }
}
