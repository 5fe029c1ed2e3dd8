import { Resumption } from '#event-sourcing';
import { idOf, ok, type CommandContext, type EventFamily, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { hostsDecider, type HostsEvent } from '../clusters/hosts.decider.ts';
import { namespacesDecider, type NamespacesEvent } from '../clusters/namespaces.decider.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { secretRecordsOf } from '../shared/secret-records.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { webhookRecordsOf } from '../shared/webhook-records.ts';
import { deploymentFamily, type DeploymentFact } from './application-document.ts';
import { Deployer } from './deployer.service.ts';
import { HostClaims } from './host-claims.service.ts';
import { NameRelease } from './name-release.service.ts';

type Followed = DeploymentFact | NamespacesEvent | HostsEvent;
type Type = 'catalog.name-claimed.v1' | 'namespace.claimed.v1' | 'hosts.claimed.v1' | 'application.deleted.v1';

const family: EventFamily<Followed> = {
  categories: [
    ...deploymentFamily.categories,
    ...namespacesDecider.events.categories,
    ...hostsDecider.events.categories,
  ],
  types: { ...deploymentFamily.types, ...namespacesDecider.events.types, ...hostsDecider.events.types },
};

/**
 * Completes creations of applications that a crash interrupted, and releases names, namespaces and hosts of deleted
 * ones.
 */
@Injectable()
export class ApplicationChangesReactor extends Resumption<Followed, Type> {
  readonly name = 'deployments-application-changes.v1';
  readonly events = family;
  readonly types = [
    'catalog.name-claimed.v1',
    'namespace.claimed.v1',
    'hosts.claimed.v1',
    'application.deleted.v1',
  ] as const;

  constructor(
    @Inject(Deployer) private readonly deployer: Deployer,
    @Inject(NameRelease) private readonly release: NameRelease,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(HostClaims) private readonly hosts: HostClaims,
    @Inject(VaultRecords) private readonly records: VaultRecords,
  ) {
    super();
  }

  protected async resume(
    { event, metadata }: Recorded<Extract<Followed, { readonly type: Type }>>,
    context: CommandContext,
  ) {
    if (event.type === 'namespace.claimed.v1')
      return this.release.ofUnused(
        { clusterUid: idOf(metadata.stream), namespace: event.data.namespace },
        event.data.applicationId,
        context,
      );
    if (event.type === 'hosts.claimed.v1') {
      const { applicationId, revision } = event.data;
      return this.hosts.withdraw({ clusterUid: idOf(metadata.stream), revision }, applicationId, context);
    }
    if (event.type === 'application.deleted.v1') {
      const owner = { organizationId: metadata.organizationId ?? '', applicationId: idOf(metadata.stream) };
      const removed = await this.records.remove(secretRecordsOf(owner));
      if (!removed.ok) return removed;
      const unhooked = await this.records.remove(webhookRecordsOf(owner));
      if (!unhooked.ok) return unhooked;
      // They contain the values of its secrets, as they were applied.
      const unrendered = await this.records.remove(`rendered/${owner.organizationId}/${owner.applicationId}/`);
      return unrendered.ok ? this.release.ofDeleted(owner.organizationId, owner.applicationId, context) : unrendered;
    }
    if (event.data.kind !== 'application') return ok(undefined);
    const { id: applicationId, intent: configuration, namedNamespace: named } = event.data;
    const organizationId = idOf(metadata.stream);
    const isAdmin = await this.organizations.isAdmin(organizationId, configuration.by);
    if (!isAdmin.ok) return isAdmin;
    const hosts = await this.hosts.hostsOf(configuration);
    if (!hosts.ok) return hosts;
    const deployment = { organizationId, applicationId, configuration, revision: 1, named, isAdmin: isAdmin.value };
    return this.deployer.resumeCreation({ ...deployment, hosts: hosts.value }, context);
  }
}
