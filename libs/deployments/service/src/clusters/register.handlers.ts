import { ACCESS, type AccessSource } from '#access';
import {
  BUS,
  checkAccess,
  Caller,
  Input,
  refuse,
  reply,
  Serves,
  type Bus,
  type Reply,
  type OrganizationContext,
  type ContextOf,
} from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import {
  DEFAULT_POLICY,
  probeClusterRequest,
  registerClusterRequest,
  type ClusterConnection,
  type RegistrationSpec,
} from '#deployments/contract';
import { EGRESS_GUARD, type EgressGuard } from '#egress';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, err, ok, type Clock, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import type { ClusterRegistration, WholePolicy } from '../catalog/beginnings.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { EgressEntries } from '../egress/egress-entries.service.ts';
import { revisionMismatch } from '../shared/if-match.ts';
import { ManifestReader } from '../shared/manifest-reader.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { digestOf, VaultRecords } from '../shared/vault-records.service.ts';
import { clusterNameDecider, clusterNameStream } from './cluster-name.decider.ts';
import { ClusterChanges, type NewCluster } from './cluster-changes.service.ts';
import { ClusterViews } from './cluster-views.service.ts';
import { clusterDecider, clusterStream, type Cluster } from './cluster.decider.ts';
import { Heartbeats } from './heartbeats.service.ts';
import {
  credentialsOf,
  OWN_CLUSTER,
  serverAddress,
  type GivenCredentials,
  type ServerAddress,
} from './registration.ts';
import { SANDBOX_NAME } from './sandbox-provisioning.service.ts';

type Registered = OutputOf<typeof registerClusterRequest>;

/** A validated registration whose address may be connected to. */
interface Wanted {
  readonly spec: RegistrationSpec;
  readonly address: ServerAddress;
  readonly credentials: GivenCredentials;
  /** Entries that allow the address. */
  readonly egress: ClusterConnection['egress'];
}

/** Handles the registration of clusters. */
@Controller()
export class RegisterHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ClusterChanges) private readonly changes: ClusterChanges,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EGRESS_GUARD) private readonly guard: EgressGuard,
    @Inject(EgressEntries) private readonly egress: EgressEntries,
    @Inject(ManifestReader) private readonly manifests: ManifestReader,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(Refusals) private readonly refusals: Refusals,
    @Inject(Heartbeats) private readonly heartbeats: Heartbeats,
    @Inject(ClusterViews) private readonly views: ClusterViews,
    @Inject(ACCESS) private readonly access: AccessSource,
  ) {}

  /** Validates and probes the cluster, then writes the name, the physical cluster, and the cluster's own stream. */
  @Serves(registerClusterRequest)
  async register(
    @Input() { name, manifest }: InputOf<typeof registerClusterRequest>,
    @Caller() context: ContextOf<typeof registerClusterRequest>,
  ): Promise<Reply<Registered>> {
    const { organizationId } = context;
    const wanted = await this.read(name, manifest, context);
    if (!wanted.ok) return refuse(wanted.error);
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return refuse(catalog.error);
    const clusterId = catalog.value.state.entries.cluster.get(name)?.id ?? this.commands.newId(context, 0);
    const present = await this.commands.load(clusterDecider, clusterStream(clusterId));
    if (!present.ok) return refuse(present.error);

    const mismatch = revisionMismatch(
      context,
      present.value.state.status === 'active' ? present.value.state.revision : 0,
    );
    if (mismatch) return refuse(mismatch);
    const draft = draftOf(wanted.value, clusterId, present.value.state);
    // Limits are checked before the cluster is contacted.
    const planned = await this.commands.plan(
      catalogDecider,
      catalogStream(organizationId),
      { type: 'claim', claim: newCluster(clusterId, draft) },
      context,
    );
    if (!planned.ok) return refuse(await this.refusals.explain(planned.error, context));
    if (context.dryRun)
      return this.answer(
        { organizationId: organizationId, id: clusterId },
        draft,
        outcomeOf(present.value.state, draft),
        context,
        0,
      );
    const registration = await this.probe(organizationId, clusterId, draft, wanted.value, context);
    if (!registration.ok) return refuse(registration.error);
    const written = await this.write(organizationId, clusterId, registration.value, context);
    return written.ok ? written : refuse(await this.refusals.explain(written.error, context));
  }

  private async read(
    name: string,
    manifest: unknown,
    context: OrganizationContext,
  ): Promise<Result<Wanted, DomainError>> {
    const read = await this.manifests.registration(name, manifest);
    if (!read.ok) return read;
    const spec = read.value;
    if (name === SANDBOX_NAME) return err(deploymentsErrors.sandboxStays('cannot be registered'));
    const egress = await this.egress.current();
    if (!egress.ok) return egress;
    const address = await this.addressOf(spec, context, egress.value?.allowed ?? []);
    if (!address.ok) return address;
    const credentials = credentialsOf(spec, (base64) => Buffer.from(base64, 'base64').toString('utf8'));
    return credentials.ok
      ? ok({ spec, address: address.value, credentials: credentials.value, egress: egress.value })
      : credentials;
  }

  /** Returns the address if the egress policy allows it. Only global admins can register the platform's own cluster. */
  private async addressOf(
    { server, inCluster }: RegistrationSpec,
    { principal }: OrganizationContext,
    allowed: Parameters<EgressGuard['check']>[2],
  ): Promise<Result<ServerAddress, DomainError>> {
    if (inCluster) {
      const directory = await this.access.current();
      if (!directory.ok) return directory;
      const question = { principal, permission: 'platform.operate', organizationId: undefined } as const;
      const decision = checkAccess(question, directory.value, this.clock.now());
      return decision.ok ? ok(OWN_CLUSTER) : decision;
    }
    const address = serverAddress(server ?? '');
    if (!address.ok) return address;
    const refused = await this.guard.check(address.value.host, address.value.port, allowed);
    return refused ? err(refused) : address;
  }

  /** Stores the credential, lets the worker probe the cluster, and adds the result. */
  private async probe(
    organizationId: string,
    clusterId: string,
    draft: ClusterRegistration,
    { credentials, egress }: Wanted,
    context: OrganizationContext,
  ): Promise<Result<ClusterRegistration, DomainError>> {
    const stored = await this.records.put(draft.credential, JSON.stringify(credentials.credential));
    if (!stored.ok) return stored;
    if (draft.certificateAuthority !== null && credentials.certificateAuthority !== null) {
      const authority = await this.records.put(draft.certificateAuthority, credentials.certificateAuthority);
      if (!authority.ok) return authority;
    }
    const { name, server, tlsServerName, credential, policy } = draft;
    const cluster: ClusterConnection = {
      clusterId,
      organizationId,
      name,
      server,
      certificateAuthority: credentials.certificateAuthority,
      tlsServerName,
      credential,
      policy,
      type: 'registered',
      ...(egress && { egress }),
    };
    const own = this.bus.own({
      correlationId: context.correlationId,
      organizationId,
      timeoutMs: probeClusterRequest.timeoutMs,
    });
    const probed = await this.bus.request(probeClusterRequest, { cluster }, own);
    if (!probed.ok) return err(probed.error);
    const { uid, version, nodes, missing } = probed.value;
    const found = { ...draft, uid, version, nodes, missing: missing.slice(0, 50).map((right) => right.slice(0, 200)) };
    const owner = await this.commands.load(clusterNameDecider, clusterNameStream(uid));
    if (!owner.ok) return owner;
    const { organizationId: ownerId } = owner.value.state;
    return ownerId !== undefined && ownerId !== organizationId ? err(deploymentsErrors.clusterTaken(name)) : ok(found);
  }

  private async write(
    organizationId: string,
    clusterId: string,
    registration: ClusterRegistration,
    context: OrganizationContext,
  ): Promise<Reply<Registered>> {
    const { name, uid } = registration;
    const present = await this.commands.load(clusterDecider, clusterStream(clusterId));
    if (!present.ok) return refuse(present.error);
    if (present.value.state.status === 'active' && present.value.state.registration.uid !== uid)
      return refuse(deploymentsErrors.otherCluster(name));
    const recorded = await this.changes.register(organizationId, newCluster(clusterId, registration), context);
    if (!recorded.ok) return recorded;
    await this.heartbeats.record(clusterId);
    const { events, state, position } = recorded.value;
    const outcome = events.some(({ type }) => type === 'cluster.registered.v1')
      ? 'created'
      : events.length > 0
        ? 'configured'
        : 'unchanged';
    const answered = await this.answer(
      { organizationId, id: clusterId },
      registration,
      outcome,
      context,
      state.status === 'active' ? state.revision : 0,
    );
    return answered.ok ? { ...answered, meta: { ...answered.meta, position } } : answered;
  }

  private async answer(
    cluster: { readonly organizationId: string; readonly id: string },
    registration: ClusterRegistration,
    outcome: Registered['outcome'],
    { dryRun = false }: OrganizationContext,
    revision: number,
  ): Promise<Reply<Registered>> {
    const at = new Date(this.clock.now()).toISOString();
    const view = await this.views.afterRegistration(cluster, registration, revision, at);
    return reply(
      { cluster: view, outcome, dryRun },
      { revision, ...(outcome === 'created' && !dryRun && { created: true }) },
    );
  }
}

const newCluster = (id: string, intent: ClusterRegistration): NewCluster => ({
  kind: 'cluster',
  name: intent.name,
  id,
  counted: true,
  refers: null,
  intent,
});

const outcomeOf = (present: Cluster, draft: ClusterRegistration): Registered['outcome'] =>
  present.status !== 'active'
    ? 'created'
    : present.registration.fingerprint === draft.fingerprint
      ? 'unchanged'
      : 'configured';

/** Returns what is known before the cluster is contacted. Defaults to the present policy if none is given. */
function draftOf({ spec, address, credentials }: Wanted, clusterId: string, present: Cluster): ClusterRegistration {
  const { clusterName, provider, region, labels, tlsServerName, policy } = spec;
  const before: WholePolicy =
    present.status === 'active'
      ? present.policy
      : {
          namespaces: [...DEFAULT_POLICY.namespaces],
          clusterScoped: [...DEFAULT_POLICY.clusterScoped],
          podSecurity: DEFAULT_POLICY.podSecurity,
        };
  const fingerprint = digestOf([address.server, credentials]);
  const number = `${(present.status === 'active' ? present.revision : 0) + 1}-${fingerprint.slice(0, 16)}`;
  return {
    name: clusterName,
    type: 'registered',
    provider,
    region: region ?? null,
    labels: labels ?? {},
    server: address.server,
    tlsServerName: tlsServerName ?? null,
    credential: `cluster-credential/${clusterId}/${number}`,
    certificateAuthority: credentials.certificateAuthority === null ? null : `cluster-authority/${clusterId}/${number}`,
    fingerprint,
    uid: '',
    version: null,
    nodes: null,
    missing: [],
    policy: {
      ...before,
      ...(policy?.namespaces && { namespaces: policy.namespaces }),
      ...(policy?.clusterScoped && { clusterScoped: policy.clusterScoped }),
      ...(policy?.podSecurity && { podSecurity: policy.podSecurity }),
    },
  };
}
