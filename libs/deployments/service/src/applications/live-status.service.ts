import { BUS, type Bus, type OrganizationContext, type RequestContext } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import {
  type applicationTopRequest,
  liveDifferencesRequest,
  liveEventsRequest,
  liveLogsRequest,
  liveResourcesRequest,
  liveStatusRequest,
  liveTopRequest,
} from '#deployments/contract';
import type { Differences } from '../shared/manifest-jobs.service.ts';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import { inventoryOf } from '../attempts/attempt.ts';
import type { Configuration } from '../catalog/beginnings.ts';
import { ConnectionDetails } from '../clusters/connection-details.service.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import type { ApplicationDocument } from './application-document.ts';
import { newestAttemptOf, type Application } from './application.ts';
import type { Deployment } from './deployer.service.ts';

type Target = Pick<InputOf<typeof liveStatusRequest>, 'cluster' | 'applicationId' | 'namespace' | 'inventory'>;
type LogOptions = Omit<InputOf<typeof liveLogsRequest>, keyof Target>;

/** Most objects that a comparison with the cluster checks, and how long an apply without a change waits for it. */
const MAX_OBJECTS = 100;
const TIMEOUT_MS = 2_000;

const NOTHING_USED = { used: null, request: null, limit: null };
const NO_USE: OutputOf<typeof applicationTopRequest> = {
  items: [],
  total: { cpu: NOTHING_USED, memory: NOTHING_USED },
};

/** Reads the status of objects on the cluster, through the worker. */
@Injectable()
export class LiveStatus {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
    @Inject(ConnectionDetails) private readonly connections: ConnectionDetails,
  ) {}

  /**
   * Returns the status, or undefined if nothing is on a cluster or the worker does not respond in time. The caller then
   * uses what is recorded.
   */
  async status(
    document: ApplicationDocument,
    context: OrganizationContext,
  ): Promise<OutputOf<typeof liveStatusRequest> | undefined> {
    const target = await this.target(document);
    if (!target.ok || !target.value || target.value.inventory.length === 0) return undefined;
    const answer = await this.bus.request(
      liveStatusRequest,
      target.value,
      this.own(context, liveStatusRequest.timeoutMs),
    );
    return answer.ok ? answer.value : undefined;
  }

  /**
   * Checks whether the cluster has drifted, since an observer may report it some seconds later. Returns false if
   * nothing was deployed, if the worker does not respond in time, and for large applications, whose drift only the
   * observer reports.
   */
  async hasDrifted(
    { applicationId: id, organizationId, configuration }: Deployment,
    application: Application,
    context: OrganizationContext,
  ): Promise<boolean> {
    if (application.status !== 'active' || newestAttemptOf(application)?.state !== 'succeeded') return false;
    const target = await this.target({ id, organizationId, configuration });
    if (!target.ok || !target.value) return false;
    const { inventory } = target.value;
    if (inventory.length === 0 || inventory.length > MAX_OBJECTS) return false;
    const answer = await this.bus.request(liveResourcesRequest, target.value, this.own(context, TIMEOUT_MS));
    return answer.ok && answer.value.items.some(({ sync }) => sync === 'OutOfSync');
  }

  async resources(
    document: ApplicationDocument,
    context: OrganizationContext,
  ): Promise<Result<OutputOf<typeof liveResourcesRequest>, DomainError>> {
    const target = await this.target(document);
    if (!target.ok) return target;
    if (!target.value || target.value.inventory.length === 0) return ok({ items: [] });
    const answer = await this.bus.request(
      liveResourcesRequest,
      target.value,
      this.own(context, liveResourcesRequest.timeoutMs),
    );
    return answer.ok ? ok(answer.value) : answer;
  }

  /** Returns what the pods use, or an error if the cluster does not measure it. */
  async top(
    document: ApplicationDocument,
    context: OrganizationContext,
  ): Promise<Result<OutputOf<typeof applicationTopRequest>, DomainError>> {
    const target = await this.target(document);
    if (!target.ok) return target;
    if (!target.value || target.value.inventory.length === 0) return ok(NO_USE);
    const answer = await this.bus.request(liveTopRequest, target.value, this.own(context, liveTopRequest.timeoutMs));
    if (!answer.ok) return answer;
    const { name, type } = target.value.cluster;
    return answer.value.use ? ok(answer.value.use) : err(deploymentsErrors.noMetrics(name, type === 'sandbox'));
  }

  /**
   * Compares recorded objects with the cluster, field by field. Returns undefined for large applications, if the worker
   * does not respond in time, and if the cluster refuses the comparison.
   * @param rendered vault record with the objects
   */
  async differences(
    document: ApplicationDocument,
    rendered: string,
    context: OrganizationContext,
  ): Promise<Differences | undefined> {
    const target = await this.target(document);
    if (!target.ok || !target.value || target.value.inventory.length > MAX_OBJECTS) return undefined;
    const { organizationId } = document;
    const answer = await this.bus.request(
      liveDifferencesRequest,
      { ...target.value, organizationId, rendered },
      this.own(context, liveDifferencesRequest.timeoutMs),
    );
    if (!answer.ok || answer.value.changes === null) return undefined;
    return { changes: answer.value.changes, omitted: answer.value.omitted };
  }

  async *events(
    document: ApplicationDocument,
    follow: boolean,
    context: OrganizationContext,
    signal: AbortSignal,
  ): AsyncGenerator<OutputOf<typeof liveEventsRequest>> {
    const target = await this.target(document);
    if (target.ok && target.value)
      yield* this.bus.stream(
        liveEventsRequest,
        { ...target.value, follow },
        this.own(context, liveEventsRequest.timeoutMs),
        signal,
      );
  }

  async *logs(
    document: ApplicationDocument,
    options: LogOptions,
    context: OrganizationContext,
    signal: AbortSignal,
  ): AsyncGenerator<OutputOf<typeof liveLogsRequest>> {
    const target = await this.target(document);
    if (target.ok && target.value)
      yield* this.bus.stream(
        liveLogsRequest,
        { ...target.value, ...options },
        this.own(context, liveLogsRequest.timeoutMs),
        signal,
      );
  }

  private async target({
    id,
    organizationId,
    configuration,
  }: Pick<ApplicationDocument, 'id' | 'organizationId'> & {
    readonly configuration: Pick<Configuration, 'cluster' | 'targetNamespace'> | null;
  }): Promise<Result<Target | undefined, DomainError>> {
    if (!configuration) return ok(undefined);
    const cluster = await this.connections.of(organizationId, configuration.cluster.id);
    if (!cluster.ok) return cluster;
    const loaded = await this.commands.load(applicationDecider, applicationStream(id));
    if (!loaded.ok) return loaded;
    const records = await this.history.of(loaded.value.state.attempts);
    if (!records.ok) return records;
    return ok({
      cluster: cluster.value,
      applicationId: id,
      namespace: configuration.targetNamespace,
      inventory: [...inventoryOf(records.value)],
    });
  }

  private own({ correlationId, organizationId }: OrganizationContext, timeoutMs: number): RequestContext {
    return this.bus.own({ correlationId, organizationId, timeoutMs });
  }
}
