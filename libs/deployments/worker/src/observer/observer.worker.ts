import { BUS, type Bus, type Reply } from '#bus';
import type { OutputOf } from '#bus/contract';
import {
  clusterHealthRulesRequest,
  deployedObjectsRequest,
  observedClustersRequest,
  reportClusterRequest,
  reportHealthRequest,
  type HealthSettings,
  type InventoryEntry,
} from '#deployments/contract';
import { CLOCK, IDS, LOGGER, pause, type Clock, type Ids, type Logger, type Timer } from '#kernel';
import { observeApplications, type DeployedApplication, type ObjectKey } from '#kubernetes';
import { Inject, Injectable } from '@nestjs/common';
import { clusterErrorOf, isUnauthorized } from '../cluster/cluster-errors.worker.ts';
import { ClusterConnections, CredentialMissingError } from '../cluster/connections.worker.ts';
import { judgeClusterError } from '../cluster/failure.ts';
import { clusterFacts, missingRights } from '../cluster/probe.worker.ts';
import { toLibrary } from '../rollout/inventory.ts';
import { failedState, reachedState, type ClusterReport } from './cluster-state.ts';
import { observationOf } from './observation.ts';
import { Transitions, type Observation } from './transitions.ts';

type Observed = OutputOf<typeof observedClustersRequest>['clusters'][number];

/** Interval for renewing the lease of a cluster, which lasts 30 s. */
const REQUEST_EVERY_MS = 5_000;
/** Without a grant for this time, another observer may hold the lease, so this one stops. */
const GRANT_MS = 30_000;
/** Interval of heartbeats. The service reports UNKNOWN after 60 s without one. */
const HEARTBEAT_MS = 10_000;
/** Interval for checking permissions, which rarely change. */
const RIGHTS_MS = 5 * 60_000;
const REPORTS_AT_ONCE = 200;
const WATCH_AGAIN_MS = 1_000;
const RETRY_MS = 1_000;

/** Intervals of an observer, in milliseconds. */
export interface ObserverTimes {
  readonly requestEveryMs: number;
  readonly heartbeatMs: number;
}

/** Observes the clusters leased to this worker, one observation per cluster, and reports changes. */
@Injectable()
export class ObserverWorker {
  private readonly observations = new Map<string, ClusterObservation>();
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private grantedAt = 0;

  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(ClusterConnections) private readonly connections: ClusterConnections,
  ) {}

  start(
    observer: string,
    times: ObserverTimes = { requestEveryMs: REQUEST_EVERY_MS, heartbeatMs: HEARTBEAT_MS },
  ): void {
    this.loop = this.run(observer, times);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
    this.endAll();
  }

  private async run(observer: string, times: ObserverTimes): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const requestedAt = this.clock.monotonic();
      const granted = await this.bus.request(
        observedClustersRequest,
        { observer },
        this.bus.own({ timeoutMs: observedClustersRequest.timeoutMs }),
      );
      if (signal.aborted) return;
      if (granted.ok) {
        this.grantedAt = requestedAt;
        if (granted.value.egress) this.connections.allow(granted.value.egress);
        this.follow(granted.value.clusters, times);
      } else if (this.clock.monotonic() - this.grantedAt > GRANT_MS) this.endAll();
      await pause(this.clock, times.requestEveryMs, signal);
    }
  }

  private follow(clusters: readonly Observed[], times: ObserverTimes): void {
    const wanted = new Set(clusters.map(({ connection }) => connection.clusterId));
    for (const [clusterId, observation] of this.observations) {
      if (wanted.has(clusterId)) continue;
      observation.end();
      this.observations.delete(clusterId);
    }
    for (const observed of clusters) {
      const { clusterId } = observed.connection;
      const known = this.observations.get(clusterId);
      if (known?.update(observed)) continue;
      known?.end();
      const { bus, clock, ids, logger, connections } = this;
      const ports = { bus, clock, ids, logger, connections, times };
      this.observations.set(clusterId, new ClusterObservation(ports, observed));
    }
  }

  private endAll(): void {
    for (const observation of this.observations.values()) observation.end();
    this.observations.clear();
  }
}

interface Ports {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly connections: ClusterConnections;
  readonly times: ObserverTimes;
}

/** Observes one cluster: whether it responds, and the state of its applications. */
class ClusterObservation {
  private readonly ended = new AbortController();
  private readonly transitions = new Transitions();
  private timer: Timer | undefined;
  private sending = false;
  private lastReport: ClusterReport | undefined;
  private missing: readonly string[] = [];
  private rightsAt = Number.NEGATIVE_INFINITY;
  /**
   * Objects of applications whose inventory is missing, from the event log. Undefined while they are being requested.
   */
  private readonly deployed = new Map<
    string,
    { readonly by: number; readonly entries: readonly ObjectKey[] | undefined }
  >();

  private applications: ReadonlyMap<string, Observed['applications'][number]>;

  constructor(
    private readonly ports: Ports,
    private observed: Observed,
  ) {
    this.applications = new Map(observed.applications.map((application) => [application.applicationId, application]));
    void this.sendHeartbeats();
    void this.watch();
  }

  /** Applies a new list of applications. Returns false if the connection has changed. */
  update(observed: Observed): boolean {
    if (JSON.stringify(observed.connection) !== JSON.stringify(this.observed.connection)) return false;
    const now = new Map(observed.applications.map((application) => [application.applicationId, application]));
    for (const applicationId of this.applications.keys()) {
      if (now.has(applicationId)) continue;
      this.transitions.forget(applicationId);
      this.deployed.delete(applicationId);
    }
    this.applications = now;
    this.observed = observed;
    return true;
  }

  end(): void {
    this.ended.abort();
    this.timer?.cancel();
  }

  /** Contacts the cluster periodically, since the service reports UNKNOWN after 60 s without a heartbeat. */
  private async sendHeartbeats(): Promise<void> {
    const { signal } = this.ended;
    while (!signal.aborted) {
      const report = await this.readReport();
      if (signal.aborted) return;
      await this.reportCluster(report);
      await pause(this.ports.clock, this.ports.times.heartbeatMs, signal);
    }
  }

  private async readReport(): Promise<ClusterReport> {
    const { connections, clock } = this.ports;
    const { connection } = this.observed;
    try {
      const client = await connections.client(connection);
      const facts = await clusterFacts(client);
      if (clock.monotonic() - this.rightsAt > RIGHTS_MS) {
        this.missing = await missingRights(client);
        this.rightsAt = clock.monotonic();
      }
      return reachedState(facts, this.missing);
    } catch (error) {
      if (isUnauthorized(error)) connections.drop(connection.clusterId);
      if (error instanceof CredentialMissingError)
        return { state: 'UNAUTHORIZED', reason: error.message, version: null, nodes: null };
      const fault = clusterErrorOf(error);
      if (fault) return failedState(judgeClusterError(fault, connection.name));
      this.ports.logger.warn({ clusterId: connection.clusterId, err: String(error) }, 'a cluster could not be reached');
      return { state: 'UNREACHABLE', reason: 'the platform could not reach it', version: null, nodes: null };
    }
  }

  /** Reports the state, even if unchanged, since the report is also the heartbeat. */
  private async reportCluster(report: ClusterReport): Promise<void> {
    const { bus, logger } = this.ports;
    const { clusterId, organizationId } = this.observed.connection;
    const reported = await bus.request(
      reportClusterRequest,
      { organizationId, clusterId, ...report },
      bus.own({ organizationId, timeoutMs: reportClusterRequest.timeoutMs }),
    );
    if (!reported.ok)
      logger.info({ clusterId, code: reported.error.code }, 'the state of a cluster could not be reported');
    // After an interruption, all states are reported again, since the service may have replaced them by UNKNOWN.
    if (this.lastReport?.state !== report.state) {
      this.lastReport = report;
      this.transitions.reportAllAgain();
      this.send();
    }
  }

  private async watch(): Promise<void> {
    const { signal } = this.ended;
    while (!signal.aborted) {
      try {
        const client = await this.ports.connections.client(this.observed.connection);
        const kinds = await this.healthRules();
        const onFault = (error: unknown) =>
          this.ports.logger.debug(
            { clusterId: this.observed.connection.clusterId, err: String(error) },
            'the watch of a cluster was interrupted',
          );
        await observeApplications(client, {
          signal,
          clock: this.ports.clock,
          ids: this.ports.ids,
          kinds,
          onFault,
          onSeen: (applicationId, seen) => this.saw(applicationId, observationOf(seen)),
          deployed: () => this.deployedHere(),
          onInventoryGone: (applicationId) => void this.loadObjects(applicationId),
        });
      } catch (error) {
        this.ports.logger.info(
          { clusterId: this.observed.connection.clusterId, err: String(error) },
          'the watch of a cluster restarts',
        );
      }
      await pause(this.ports.clock, WATCH_AGAIN_MS, signal);
    }
  }

  /** Returns the rules of the cluster for health. If they change, so does its connection, and a new watch starts. */
  private async healthRules(): Promise<HealthSettings['kinds']> {
    const { clusterId, organizationId, healthRevision } = this.observed.connection;
    if (healthRevision === undefined) return [];
    const { bus } = this.ports;
    const rules = await bus.request(
      clusterHealthRulesRequest,
      { organizationId, clusterId },
      bus.own({ organizationId, timeoutMs: clusterHealthRulesRequest.timeoutMs }),
    );
    if (!rules.ok) throw new Error(`the rules for health could not be read: ${rules.error.code}`);
    return rules.value.kinds;
  }

  private deployedHere(): ReadonlyMap<string, DeployedApplication> {
    return new Map(
      this.observed.applications.flatMap(({ applicationId, namespace, deployedBy }) => {
        if (deployedBy === undefined) return [];
        const known = this.deployed.get(applicationId);
        return [[applicationId, { namespace, entries: known?.by === deployedBy ? known.entries : undefined }] as const];
      }),
    );
  }

  /** Runs once per attempt that deployed, since the objects do not change in between. */
  private async loadObjects(applicationId: string): Promise<void> {
    const by = this.applications.get(applicationId)?.deployedBy;
    if (by === undefined || this.deployed.get(applicationId)?.by === by) return;
    this.deployed.set(applicationId, { by, entries: undefined });
    const { bus, logger } = this.ports;
    const { organizationId } = this.observed.connection;
    const objects: InventoryEntry[] = [];
    for (let from: number | null = 0; from !== null;) {
      const page: Reply<OutputOf<typeof deployedObjectsRequest>> = await bus.request(
        deployedObjectsRequest,
        { organizationId, applicationId, from },
        bus.own({ organizationId, timeoutMs: deployedObjectsRequest.timeoutMs }),
      );
      if (!page.ok) {
        logger.info({ applicationId, code: page.error.code }, 'the objects of an application could not be read');
        this.deployed.delete(applicationId);
        return;
      }
      objects.push(...page.value.objects);
      from = page.value.next;
    }
    this.deployed.set(applicationId, { by, entries: objects.map((entry) => toLibrary(entry).key) });
  }

  private saw(applicationId: string, observation: Observation): void {
    if (!this.applications.has(applicationId)) return;
    this.transitions.see(applicationId, observation);
    this.send();
  }

  /** Sends the reports that are due, and sets a timer for the others. */
  private send(): void {
    if (this.sending || this.ended.signal.aborted) return;
    this.timer?.cancel();
    const inMs = this.transitions.nextInMs(this.ports.clock.monotonic());
    if (inMs === undefined) return;
    if (inMs > 0) {
      this.timer = this.ports.clock.timer(inMs, () => this.send());
      return;
    }
    this.sending = true;
    void this.report().finally(() => {
      this.sending = false;
      this.send();
    });
  }

  private async report(): Promise<void> {
    const { bus, clock, logger } = this.ports;
    const { clusterId, organizationId } = this.observed.connection;
    const due = this.transitions.due(clock.monotonic(), REPORTS_AT_ONCE);
    const applications = due.map(({ applicationId, observation }) => ({
      organizationId,
      applicationId,
      ...observation,
    }));
    const reported = await bus.request(
      reportHealthRequest,
      { clusterId, applications },
      bus.own({ organizationId, timeoutMs: reportHealthRequest.timeoutMs }),
    );
    const at = clock.monotonic();
    if (reported.ok) {
      const again = new Set(reported.value.again);
      for (const { applicationId, observation } of due) {
        if (again.has(applicationId)) this.transitions.notRecorded(applicationId, at);
        else this.transitions.reported(applicationId, observation, at);
      }
    } else {
      logger.info({ clusterId, code: reported.error.code }, 'health could not be reported');
      await pause(clock, RETRY_MS, this.ended.signal);
    }
  }
}
