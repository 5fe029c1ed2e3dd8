import { COMMANDS, type CommandRunner } from '#event-sourcing';
import type { OrganizationContext } from '#bus';
import { type ApplicationSpec, type ProfileSpec, type ResolvedSpec } from '#deployments/contract';
import { err, ok, type DomainError, type InputError, type Result } from '#kernel';
import { allowsNamespace, globsAllowing } from '#kubernetes';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { namesOf, type Catalog } from '../catalog/catalog.ts';
import { clusterDecider, clusterStream } from '../clusters/cluster.decider.ts';
import {
  defaultNamespace,
  isReservedNamespace,
  namespacesDecider,
  namespacesStream,
} from '../clusters/namespaces.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { profileDecider, profileStream } from '../profiles/profile.decider.ts';
import { resolve } from '../resolve/resolve.ts';
import { missingSecrets } from '../resolve/secrets.ts';
import { movedText, pinnedIn } from '../resolve/remote-source.ts';
import { changesBetween } from '../resolve/summary.ts';
import type { ReadManifest } from '../shared/manifest-jobs.service.ts';
import { OrganizationLookup, type Membership } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { latestOf, type Application, type Revision } from './application.ts';
import { secretRefs } from './change-secrets.ts';
import { asBefore, configurationOf, guardedBy, type UsedProfile } from './configuration.service.ts';
import { Dependencies } from './dependencies.service.ts';
import type { Deployment } from './deployer.service.ts';
import { HostClaims } from './host-claims.service.ts';
import { ProtectionReader, type Place } from './protection.service.ts';
import { presentOf } from './protection.ts';
import { RevisionContent } from './revision-content.service.ts';
import type { Pin } from './source-pins.service.ts';

/** A manifest with all decisions made, before anything is written. */
export interface PlannedDeployment extends Deployment {
  readonly application: Application;
  readonly resolved: ResolvedSpec;
  /** See `movedText`. */
  readonly moved?: string;
  /** Vault records (name and text) to store before the event. */
  readonly records: readonly (readonly [name: string, text: string])[];
}

/** Reads a manifest and plans its deployment, based on the profile, its cluster and the present application. */
@Injectable()
export class DeploymentPlanner {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(Refusals) private readonly refusals: Refusals,
    @Inject(ProtectionReader) private readonly protection: ProtectionReader,
    @Inject(RevisionContent) private readonly contents: RevisionContent,
    @Inject(HostClaims) private readonly hosts: HostClaims,
    @Inject(Dependencies) private readonly dependencies: Dependencies,
  ) {}

  /**
   * @param applicationId of the application that has the name, or of the one to create
   * @param pin finds out what a source outside of the platform is at present
   */
  async plan(
    { spec, pointer }: ReadManifest<ApplicationSpec>,
    applicationId: string,
    membership: Membership,
    context: OrganizationContext,
    pin: Pin,
  ): Promise<Result<PlannedDeployment, DomainError>> {
    const { organizationId } = membership;
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const { profile: profiles, cluster: clusters } = catalog.value.state.entries;
    if (spec.profileName === undefined && profiles.size === 0 && clusters.size === 0)
      return err(await this.refusals.noCluster(membership.slug, context));
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const application = loaded.value.state;
    const latest = latestOf(application);
    const profile = await this.profileFor(spec, latest, catalog.value.state, pointer);
    if (!profile.ok) return profile;
    const allowed = await this.protection.check(
      {
        organizationId,
        applicationId,
        isAdmin: membership.isAdmin,
        target: targetOf(latest, spec, profile.value),
      },
      {
        action: 'deploy',
        application: spec.name,
        present: presentOf(application, catalog.value.state, spec.name),
        next: guardedBy(spec, profile.value),
      },
    );
    if (!allowed.ok) return allowed;
    const dependencies = await this.dependencies.check(spec, catalog.value.state, pointer);
    if (!dependencies.ok) return dependencies;
    const targetNamespace = latest
      ? fixedNamespace(spec, latest.targetNamespace)
      : await this.newNamespace(spec, applicationId, profile.value, membership);
    if (!targetNamespace.ok) return targetNamespace;

    const defaultTier = await this.defaultTier(profile.value, context);
    const revision = (latest?.revision ?? 0) + 1;
    const named = spec.namespace !== undefined;
    const identity = await this.contents.identityOf(application, { name: spec.name, applicationId, named });
    if (!identity.ok) return identity;
    const before = latest ? await this.contents.of(latest) : ok(undefined);
    if (!before.ok) return before;
    const pinned = await pin(pinnedIn(before.value?.source));
    if (!pinned.ok) return pinned;
    const resolved = resolve({
      spec,
      applicationId,
      revision,
      profile: profile.value,
      defaultTier,
      targetNamespace: targetNamespace.value,
      identity: identity.value,
      cluster: { name: profile.value.cluster.registration.name, ingress: profile.value.cluster.ingress },
      secrets: secretRefs({ organizationId, applicationId }, application),
      ...(pinned.value && { pinned: pinned.value }),
    });
    if (!resolved.ok)
      return err(deploymentsErrors.manifestInvalid(`application/${spec.name}`, below(pointer, resolved.error)));
    const missing = missingSecrets(resolved.value);
    if (missing.keys.length > 0)
      return err(deploymentsErrors.secretMissing(spec.name, missing.keys, below(pointer, missing.errors)));
    const next = asBefore(before.value, resolved.value);
    const volumes = await this.contents.checkVolumes(application, next, pointer);
    if (!volumes.ok) return volumes;
    const hosts = await this.hosts.hostsIn(resolved.value);
    if (!hosts.ok) return hosts;
    const { configuration, records } = configurationOf({
      spec,
      organizationId,
      applicationId,
      resolved: next,
      profile: profile.value,
      changes: before.value ? changesBetween(before.value, next) : latest ? ['its content'] : [],
      by: context.actor.id,
      isAdmin: membership.isAdmin,
    });
    const { cluster } = configuration;
    // Checked before anything is written. In a dry run, the deployer checks the hosts instead of claiming them.
    const wanted = { organizationId, applicationId, revision, cluster, hosts: hosts.value };
    const free = context.dryRun ? ok(undefined) : await this.hosts.check(wanted);
    if (!free.ok) return free;
    return ok({
      organizationId,
      applicationId,
      configuration,
      hosts: hosts.value,
      revision,
      named,
      isAdmin: membership.isAdmin,
      application,
      resolved: next,
      ...movedIn(before.value, next),
      records,
    });
  }

  private async defaultTier({ spec }: UsedProfile, context: OrganizationContext): Promise<string> {
    if (spec.availabilityTier !== undefined) return 'basic'; // not used
    const { defaultTier } = await this.organizations.planOf(context.organizationId, context);
    return defaultTier;
  }

  /**
   * Returns the profile that the manifest names. Defaults to the application's present profile, then to the only
   * profile of the organization.
   */
  private async profileFor(
    spec: ApplicationSpec,
    latest: Revision | undefined,
    catalog: Catalog,
    pointer: string,
  ): Promise<Result<UsedProfile, DomainError>> {
    const known = namesOf(catalog, 'profile');
    const present = known.find((name) => catalog.entries.profile.get(name)?.id === latest?.profile.id);
    const name = spec.profileName ?? present ?? (known.length === 1 ? known[0] : undefined);
    if (name === undefined) return err(deploymentsErrors.profileMissing(spec.name, known));
    const unknown = deploymentsErrors.profileUnknown(spec.name, name, known, `${pointer}/profileName`);
    const entry = catalog.entries.profile.get(name);
    if (!entry || entry.retiring) return err(unknown);
    const loaded = await this.commands.load(profileDecider, profileStream(entry.id));
    if (!loaded.ok) return loaded;
    const profile = loaded.value.state;
    if (profile.status !== 'active') return err(unknown);
    const record = await this.records.get(profile.content.record);
    if (!record.ok) return record;
    if (record.value === undefined) throw new Error(`the vault has no ${profile.content.record}`);
    const cluster = await this.commands.load(clusterDecider, clusterStream(profile.content.clusterId));
    if (!cluster.ok) return cluster;
    if (cluster.value.state.status !== 'active')
      return err(
        deploymentsErrors.clusterUnknown(
          name,
          profile.content.clusterName,
          namesOf(catalog, 'cluster'),
          `${pointer}/profileName`,
        ),
      );
    const written = JSON.parse(record.value) as ProfileSpec; // the platform validated it before it stored it
    const { tier } = profile.content;
    const profileSpec = tier === null ? written : { ...written, availabilityTier: tier };
    return ok({
      id: entry.id,
      revision: profile.revision,
      spec: profileSpec,
      cluster: cluster.value.state,
      clusterId: profile.content.clusterId,
    });
  }

  private async newNamespace(
    spec: ApplicationSpec,
    applicationId: string,
    { cluster }: UsedProfile,
    { slug, organizationId }: Membership,
  ): Promise<Result<string, DomainError>> {
    const stream = namespacesStream(cluster.registration.uid);
    const loaded = await this.commands.load(namespacesDecider, stream);
    if (!loaded.ok) return loaded;
    const named = spec.namespace !== undefined;
    const namespace = spec.namespace ?? defaultNamespace(slug, spec.name, applicationId, loaded.value.state);
    if (isReservedNamespace(namespace))
      return err(
        deploymentsErrors.namespaceNotAllowed(
          namespace,
          'it is reserved for the cluster or the platform',
          'choose another namespace',
        ),
      );
    if (!allowsNamespace(cluster.policy.namespaces, namespace)) {
      const fix = `astroctl clusters policy set ${cluster.registration.name} --namespaces '${globsAllowing(cluster.policy.namespaces, namespace).join(',')}'`;
      return err(
        deploymentsErrors.namespaceNotAllowed(
          namespace,
          `the policy of cluster ${cluster.registration.name} does not include it`,
          fix,
        ),
      );
    }
    const allowed = namespacesDecider.decide(
      { type: 'claim', namespace, organizationId, applicationId, named },
      loaded.value.state,
      {
        id: '',
        kind: 'system',
        isGlobalAdmin: false,
      },
    );
    return allowed.ok ? ok(namespace) : allowed;
  }
}

function movedIn(before: ResolvedSpec | undefined, next: ResolvedSpec): Pick<PlannedDeployment, 'moved'> {
  const moved = movedText(pinnedIn(before?.source), pinnedIn(next.source));
  return moved === undefined ? {} : { moved };
}

/** Returns the namespace. A namespace that the platform names is used by this application alone. */
function targetOf(
  latest: Revision | undefined,
  { namespace }: ApplicationSpec,
  { cluster }: UsedProfile,
): Place['target'] {
  if (latest) return { clusterUid: latest.cluster.uid, namespace: latest.targetNamespace };
  return namespace === undefined ? undefined : { clusterUid: cluster.registration.uid, namespace };
}

function fixedNamespace({ name, namespace }: ApplicationSpec, present: string): Result<string, DomainError> {
  return namespace === undefined || namespace === present
    ? ok(present)
    : err(deploymentsErrors.namespaceFixed(name, present));
}

const below = (pointer: string, errors: readonly InputError[]): InputError[] =>
  errors.map((error) => ({ ...error, pointer: pointer + error.pointer }));
