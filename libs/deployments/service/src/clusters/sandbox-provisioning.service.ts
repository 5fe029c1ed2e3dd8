import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { BUS, type Bus, type RequestContext } from '#bus';
import { DEFAULT_POLICY } from '#deployments/contract';
import { err, LOGGER, ok, type DomainError, type Logger, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { ClusterRegistration } from '../catalog/beginnings.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { profileContent } from '../profiles/profile-content.service.ts';
import { profileDecider, profileStream } from '../profiles/profile.decider.ts';
import { digestOf, VaultRecords } from '../shared/vault-records.service.ts';
import { clusterNameDecider, clusterNameStream } from './cluster-name.decider.ts';
import { clusterDecider, clusterStream } from './cluster.decider.ts';
import { Sandboxes } from './sandboxes.service.ts';

export const SANDBOX_NAME = 'sandbox';
const DEFAULT_PROFILE = 'default';

/** What came of making a sandbox: whether it is there now, and the position that shows it when it was made just now. */
interface Making {
  readonly isThere: boolean;
  readonly position?: Position;
}

/** Gives an organization its sandbox cluster and the profile `default` on it, when it first looks at what it has. */
@Injectable()
export class SandboxProvisioning {
  private readonly made = new Set<string>();
  /** Those who ask meanwhile wait for the same making. */
  private readonly making = new Map<string, Promise<Result<Making, DomainError>>>();

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Sandboxes) private readonly sandboxes: Sandboxes,
  ) {}

  /**
   * Does nothing where no service runs sandboxes. A fault is logged and tried again the next time: nobody's request fails by it.
   * @returns the position to read at least, when something was made by this call
   */
  async ensure(organizationId: string, cause: RequestContext): Promise<Position | undefined> {
    if (this.made.has(organizationId)) return undefined;
    const making =
      this.making.get(organizationId) ??
      this.make(organizationId, cause).finally(() => this.making.delete(organizationId));
    this.making.set(organizationId, making);
    const outcome = await making;
    if (!outcome.ok) {
      this.logger.warn({ organizationId, code: outcome.error.code }, 'the sandbox could not be created');
      return undefined;
    }
    if (outcome.value.isThere) this.made.add(organizationId);
    return outcome.value.position;
  }

  private async make(organizationId: string, cause: RequestContext): Promise<Result<Making, DomainError>> {
    const stream = catalogStream(organizationId);
    const catalog = await this.commands.load(catalogDecider, stream);
    if (!catalog.ok) return catalog;
    const entry = catalog.value.state.entries.cluster.get(SANDBOX_NAME);
    const context = this.bus.own({ organizationId, correlationId: cause.correlationId });
    const clusterId = entry?.id ?? this.commands.newId(context, 0);
    if (entry) {
      const present = await this.commands.load(clusterDecider, clusterStream(clusterId));
      if (!present.ok) return present;
      if (present.value.state.status === 'active') return ok({ isThere: true }); // a profile that somebody deleted since stays deleted
    }
    const sandbox = await this.sandboxes.ensure(organizationId, cause);
    if (!sandbox.ok) return sandbox;
    const connection = sandbox.value;
    if (!connection) return ok({ isThere: false });

    const credential = `cluster-credential/${clusterId}/1`;
    const stored = await this.records.put(credential, JSON.stringify({ token: connection.token }));
    if (!stored.ok) return stored;
    const registration: ClusterRegistration = {
      name: SANDBOX_NAME,
      type: 'sandbox',
      provider: 'sandbox',
      region: 'local',
      labels: {},
      server: connection.server,
      tlsServerName: null,
      credential,
      certificateAuthority: null,
      fingerprint: digestOf([clusterId, connection.token]),
      uid: connection.uid,
      version: null,
      nodes: null,
      missing: [],
      policy: { namespaces: [...DEFAULT_POLICY.namespaces], clusterScoped: 'allow', podSecurity: 'baseline' },
    };
    const claim = {
      kind: 'cluster',
      name: SANDBOX_NAME,
      id: clusterId,
      counted: false,
      refers: null,
      intent: registration,
    } as const;
    const claimed = await this.commands.run(catalogDecider, stream, { type: 'claim', claim }, context, {
      step: 'sandbox',
    });
    if (!claimed.ok) return claimed;
    const owner = claimed.value.state.entries.cluster.get(SANDBOX_NAME);
    if (owner?.id !== clusterId) return ok({ isThere: true }); // another request makes it at this moment
    const uid = await this.commands.run(
      clusterNameDecider,
      clusterNameStream(connection.uid),
      { type: 'claim', organizationId, clusterId, name: SANDBOX_NAME },
      context,
    );
    if (!uid.ok) return uid;
    const registered = await this.commands.run(
      clusterDecider,
      clusterStream(clusterId),
      { type: 'register', registration },
      context,
    );
    return registered.ok ? this.makeProfile(organizationId, clusterId, context) : registered;
  }

  private async makeProfile(
    organizationId: string,
    clusterId: string,
    context: RequestContext,
  ): Promise<Result<Making, DomainError>> {
    const stream = catalogStream(organizationId);
    const catalog = await this.commands.load(catalogDecider, stream);
    if (!catalog.ok) return catalog;
    if (catalog.value.state.entries.profile.size > 0) return ok({ isThere: true });
    const id = this.commands.newId(context, 1);
    const content = await profileContent(this.records, id, clusterId, {
      profileName: DEFAULT_PROFILE,
      clusterName: SANDBOX_NAME,
    });
    if (!content.ok) return content;
    const claim = {
      kind: 'profile',
      name: DEFAULT_PROFILE,
      id,
      counted: false,
      refers: clusterId,
      intent: content.value,
    } as const;
    const claimed = await this.commands.run(catalogDecider, stream, { type: 'claim', claim }, context, {
      step: 'profile',
    });
    if (!claimed.ok) return claimed;
    const created = await this.commands.run(
      profileDecider,
      profileStream(id),
      { type: 'apply', content: content.value, mayChange: 'all' },
      context,
    );
    return created.ok ? ok({ isThere: true, position: created.value.position }) : err(created.error);
  }
}
