import { createHash } from 'node:crypto';
import type { ClusterConnection } from '#deployments/contract';
import { ChangingEgress, hostFromUrl, onlyEndpoint, type AllowedEntries, type EgressPolicy } from '#egress';
import type { Clock, Ids, Logger, Timer } from '#kernel';
import {
  CircuitBreaker,
  createKubernetesClient,
  ownCluster,
  type BreakerState,
  type KubernetesClient,
  type OwnCluster,
} from '#kubernetes';
import { decodeText } from '#vault';
import { z } from 'zod';
import type { WorkerRecords } from './records.worker.ts';

/** Time after which an unused connection is closed. */
const IDLE_MS = 5 * 60_000;
/** Time after which a credential is read from the vault again, and so until when a replaced one may be used. */
const CREDENTIAL_MS = 10_000;

/**
 * Timeout of one call, including retries: short enough to detect a silent cluster soon, long enough for a slow webhook.
 */
const CALL_MS = 15_000;

/** Limit for all rollouts, observers and readers of one cluster together, so that they do not overload it. */
const CALLS_PER_SECOND = 500;

const credentialSchema = z.union([
  z.object({ token: z.string().min(1) }),
  z.object({ certificate: z.string().min(1), key: z.string().min(1) }),
  z.object({ inCluster: z.literal(true) }),
]);
type Credential = z.infer<typeof credentialSchema>;

/** The vault record of the credential is missing or unreadable, so the cluster cannot be contacted. */
export class CredentialMissingError extends Error {
  override readonly name = 'CredentialMissingError';
}

/** The cluster is the one that the workers run in, but this worker runs in no cluster, or its pod has no token. */
export class NotInClusterError extends CredentialMissingError {}

interface Connection {
  readonly type: ClusterConnection['type'];
  readonly fingerprint: string;
  readonly client: KubernetesClient;
  checkedAt: number;
  usedAt: number;
}

interface UsedBreaker {
  readonly fingerprint: string;
  readonly breaker: CircuitBreaker;
  usedAt: number;
}

/**
 * Shares one client per cluster and credential in this process. A client is closed when address, CA or credential
 * change, when the server rejects the credential, when an address is no longer allowed, and after five idle minutes.
 */
export class ClusterConnections {
  private readonly open = new Map<string, Connection>();
  /** One per cluster and credential. It outlives the connection, which is closed when a credential is rejected. */
  private readonly breakers = new Map<string, UsedBreaker>();
  private readonly opening = new Map<string, Promise<Connection>>();
  private sweep: Timer | undefined;
  private closed = false;
  private readonly egress: ChangingEgress;

  constructor(
    private readonly ports: {
      readonly records: WorkerRecords;
      readonly clock: Clock;
      readonly ids: Ids;
      readonly logger: Logger;
      /** Addresses that the settings allow. */
      readonly egress: EgressPolicy;
      /** Folder that contains the files of the ServiceAccount; see `ownCluster`. */
      readonly serviceAccountRoot: string;
    },
  ) {
    this.egress = new ChangingEgress(ports.egress);
  }

  /** Sets the entries that global admins allow. A list that is older than the present one is ignored. */
  allow(entries: AllowedEntries): void {
    if (!this.egress.update(entries)) return;
    // Open connections to host names are not checked again, so they are closed.
    for (const [clusterId, { type }] of [...this.open]) if (type === 'registered') this.drop(clusterId);
  }

  /**
   * @throws CredentialMissingError, VaultUnavailableError, KubernetesUnreachableError (for an address that is not
   *   allowed)
   */
  async client(cluster: ClusterConnection): Promise<KubernetesClient> {
    if (cluster.egress) this.allow(cluster.egress);
    const place = placeOf(cluster);
    const known = this.open.get(cluster.clusterId);
    const now = this.ports.clock.monotonic();
    if (known && known.fingerprint.startsWith(place) && now - known.checkedAt < CREDENTIAL_MS) {
      known.usedAt = now;
      return known.client;
    }
    const waiting = this.opening.get(cluster.clusterId + place);
    const opening =
      waiting ?? this.connect(cluster, place).finally(() => this.opening.delete(cluster.clusterId + place));
    if (!waiting) this.opening.set(cluster.clusterId + place, opening);
    return (await opening).client;
  }

  /** Reads the credential of a cluster again, which was rejected. The next call asks the server in any case. */
  renew(clusterId: string): void {
    this.drop(clusterId);
    this.breakers.get(clusterId)?.breaker.retry();
  }

  /** Closes the connection to a cluster. */
  drop(clusterId: string): void {
    this.open.get(clusterId)?.client.close();
    this.open.delete(clusterId);
  }

  /** Returns the number of clusters by whether calls to them are made. */
  states(): Readonly<Record<BreakerState, number>> {
    const counts = { closed: 0, open: 0, unauthorized: 0 };
    for (const { breaker } of this.breakers.values()) counts[breaker.state] += 1;
    return counts;
  }

  close(): void {
    this.closed = true;
    this.sweep?.cancel();
    for (const clusterId of [...this.open.keys()]) this.drop(clusterId);
  }

  private async connect(cluster: ClusterConnection, place: string): Promise<Connection> {
    const { records, clock, ids, logger } = this.ports;
    const sealed = await records.get(cluster.credential);
    if (!sealed) throw new CredentialMissingError(`the credential of cluster ${cluster.name} is not in the vault`);
    const parsed = credentialSchema.safeParse(JSON.parse(decodeText(sealed.value)));
    if (!parsed.success) throw new CredentialMissingError(`the credential of cluster ${cluster.name} cannot be read`);
    const entry = await this.entryOf(cluster, parsed.data);
    const secret = JSON.stringify([entry.server, entry.ca, entry.credential]);
    const fingerprint = `${place}${createHash('sha256').update(secret).digest('hex')}`;
    const now = clock.monotonic();
    const known = this.open.get(cluster.clusterId);
    if (known?.fingerprint === fingerprint) {
      known.checkedAt = known.usedAt = now;
      return known;
    }
    const client = createKubernetesClient({
      ...entry,
      breaker: this.breakerOf(cluster.clusterId, fingerprint),
      clock,
      ids,
      log: logger,
      deadlineMs: CALL_MS,
      ratePerSecond: CALLS_PER_SECOND,
      burst: CALLS_PER_SECOND * 4,
    });
    if (this.closed) client.close();
    this.drop(cluster.clusterId);
    const connection = { type: cluster.type, fingerprint, client, checkedAt: now, usedAt: now };
    this.open.set(cluster.clusterId, connection);
    this.sweep ??= clock.timer(IDLE_MS, () => this.closeIdle());
    return connection;
  }

  private breakerOf(clusterId: string, fingerprint: string): CircuitBreaker {
    const known = this.breakers.get(clusterId);
    const usedAt = this.ports.clock.monotonic();
    if (known?.fingerprint === fingerprint) {
      known.usedAt = usedAt;
      return known.breaker;
    }
    const breaker = new CircuitBreaker(this.ports.clock);
    this.breakers.set(clusterId, { fingerprint, breaker, usedAt });
    return breaker;
  }

  private async entryOf(cluster: ClusterConnection, credential: Credential): Promise<Entry> {
    if (!('inCluster' in credential)) return entryOf(cluster, credential, this.egress);
    const own = await ownCluster(this.ports.serviceAccountRoot);
    if (own) return entryOfOwn(own);
    throw new NotInClusterError(
      `cluster ${cluster.name} is the one that the platform runs in, and this deploy worker runs in no cluster or its pod has no ServiceAccount token`,
    );
  }

  private closeIdle(): void {
    const { clock } = this.ports;
    const isIdle = ({ usedAt }: { readonly usedAt: number }) => clock.monotonic() - usedAt >= IDLE_MS;
    for (const [clusterId, connection] of this.open) if (isIdle(connection)) this.drop(clusterId);
    for (const [clusterId, breaker] of this.breakers)
      if (!this.open.has(clusterId) && isIdle(breaker)) this.breakers.delete(clusterId);
    this.sweep = this.breakers.size > 0 && !this.closed ? clock.timer(IDLE_MS, () => this.closeIdle()) : undefined;
  }
}

type Entry = Pick<
  Parameters<typeof createKubernetesClient>[0],
  'server' | 'ca' | 'tlsServerName' | 'credential' | 'egress'
>;

function entryOf(
  { server, certificateAuthority, tlsServerName, type }: ClusterConnection,
  credential: Exclude<Credential, { inCluster: true }>,
  egress: EgressPolicy,
): Entry {
  return {
    server,
    ...(certificateAuthority !== null && { ca: certificateAuthority }),
    ...(tlsServerName !== null && { tlsServerName }),
    credential:
      'token' in credential ? credential : { clientCertificate: credential.certificate, clientKey: credential.key },
    egress: type === 'sandbox' ? onlyServer(server) : egress,
  };
}

/** The address is from Kubernetes, so it does not need to be in ASTRO_EGRESS_ALLOW. */
const entryOfOwn = ({ server, ca, token }: OwnCluster): Entry => ({
  server,
  ca,
  credential: { token },
  egress: onlyServer(server),
});

/** Allows only this server. For addresses that no user enters: those of sandboxes, and of the platform's own cluster. */
function onlyServer(server: string): EgressPolicy {
  const { hostname, port } = new URL(server);
  return onlyEndpoint(hostFromUrl(hostname), Number(port) || 443);
}

/** Identifies the target of a connection. It is a prefix of the fingerprint. */
const placeOf = ({ server, certificateAuthority, tlsServerName, credential }: ClusterConnection): string =>
  `${createHash('sha256')
    .update(JSON.stringify([server, certificateAuthority, tlsServerName, credential]))
    .digest('hex')}:`;
