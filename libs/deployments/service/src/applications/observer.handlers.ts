import { Caller, Input, refuse, reply, Serves, type Reply, type ReplyTo, type ContextOf } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { deployedObjectsRequest, observedClustersRequest, reportHealthRequest } from '#deployments/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { CLOCK, type Clock } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import { inventoryOf } from '../attempts/attempt.ts';
import { clustersProjection } from '../clusters/clusters.projection.ts';
import { ConnectionDetails } from '../clusters/connection-details.service.ts';
import { Heartbeats } from '../clusters/heartbeats.service.ts';
import { EgressEntries } from '../egress/egress-entries.service.ts';
import { everyDocument } from '../shared/pages.service.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { latestOf, newestAttemptOf } from './application.ts';
import { applicationsProjection } from './applications.projection.ts';

type Observed = OutputOf<typeof observedClustersRequest>;

/** Milliseconds for which a cluster is leased to an observer. */
const LEAD_MS = 30_000;
const MESSAGE_LENGTH = 1_000;
const OBJECTS_AT_ONCE = 500;

/** Handles the requests of observers. */
@Controller()
export class ObserverHandlers {
  /** Lease of each cluster. Two observers at the same time, after a restart, are harmless. */
  private readonly leads = new Map<string, { readonly observer: string; readonly untilMs: number }>();

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ConnectionDetails) private readonly connections: ConnectionDetails,
    @Inject(EgressEntries) private readonly egress: EgressEntries,
    @Inject(Heartbeats) private readonly heartbeats: Heartbeats,
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
  ) {}

  @Serves(observedClustersRequest)
  async observed(@Input() { observer }: InputOf<typeof observedClustersRequest>): Promise<Reply<Observed>> {
    const clusters: Observed['clusters'][number][] = [];
    const now = this.clock.monotonic();
    for await (const found of everyDocument(this.readModels, clustersProjection, { where: { active: true } })) {
      if (!found.ok) return refuse(found.error);
      const { id, organizationId } = found.value;
      const lead = this.leads.get(id);
      if (lead && lead.observer !== observer && now < lead.untilMs) continue;
      const connection = await this.connections.listed(organizationId, id);
      if (!connection.ok) continue; // deleted in the meantime
      this.leads.set(id, { observer, untilMs: now + LEAD_MS });
      const applications: Observed['clusters'][number]['applications'][number][] = [];
      for await (const application of everyDocument(this.readModels, applicationsProjection, {
        where: { clusterId: id, deleted: false },
      })) {
        if (!application.ok) return refuse(application.error);
        const { id: applicationId, configuration, deployedBy } = application.value;
        if (configuration)
          applications.push({
            applicationId,
            namespace: configuration.targetNamespace,
            ...(deployedBy !== null && { deployedBy }),
          });
      }
      clusters.push({ connection: connection.value, applications });
    }
    const egress = await this.egress.current();
    if (!egress.ok) return refuse(egress.error);
    return reply({ clusters, ...(egress.value && { egress: egress.value }) });
  }

  /** Returns what attempts since the last success recorded, including that one. */
  @Serves(deployedObjectsRequest)
  async objects(
    @Input() { applicationId, from }: InputOf<typeof deployedObjectsRequest>,
  ): Promise<ReplyTo<typeof deployedObjectsRequest>> {
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return refuse(loaded.error);
    const records = await this.history.of(loaded.value.state.attempts);
    if (!records.ok) return refuse(records.error);
    const all = inventoryOf(records.value).filter(({ hook }) => !hook);
    const next = from + OBJECTS_AT_ONCE < all.length ? from + OBJECTS_AT_ONCE : null;
    return reply({ objects: all.slice(from, from + OBJECTS_AT_ONCE), next });
  }

  @Serves(reportHealthRequest)
  async health(
    @Input() { clusterId, applications }: InputOf<typeof reportHealthRequest>,
    @Caller() context: ContextOf<typeof reportHealthRequest>,
  ): Promise<ReplyTo<typeof reportHealthRequest>> {
    await this.heartbeats.record(clusterId);
    const again: string[] = [];
    for (const seen of applications) {
      const { applicationId, organizationId, message, sync, drift } = seen;
      const { health, code, replicas, attemptNumber } = seen;
      const stream = applicationStream(applicationId);
      const loaded = await this.commands.load(applicationDecider, stream);
      if (!loaded.ok) return refuse(loaded.error);
      if (latestOf(loaded.value.state)?.cluster.id !== clusterId) continue;
      const command = {
        type: 'report-health',
        health,
        message: message.slice(0, MESSAGE_LENGTH),
        code,
        replicas,
        attemptNumber,
        ...(sync !== undefined && { sync }),
        ...(drift !== undefined && { drift }),
      } as const;
      const recorded = await this.commands.run(
        applicationDecider,
        stream,
        command,
        { ...context, organizationId },
        { step: `health ${applicationId} ${this.clock.now()}` },
      );
      if (!recorded.ok) return refuse(recorded.error);
      if (newestAttemptOf(recorded.value.state)?.state === 'open') again.push(applicationId);
    }
    return reply({ again });
  }
}
