import { BUS, type Bus, type OrganizationContext } from '#bus';
import { previewRevisionRequest } from '#deployments/contract';
import { CLOCK, err, ok, type Clock, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { ConnectionDetails } from '../clusters/connection-details.service.ts';
import { HostCredentials } from '../credentials/host-credentials.service.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { textDigest, VaultRecords } from '../shared/vault-records.service.ts';
import type { PlannedDeployment } from './deployment-planner.service.ts';
import { renderingRecord, SourcePins } from './source-pins.service.ts';

/** Time that is left for the rest of a request after a preview. */
const MARGIN_MS = 4_000;

/** Finds out, through the worker, which objects a deployment would apply. */
@Injectable()
export class Previews {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(ConnectionDetails) private readonly connections: ConnectionDetails,
    @Inject(HostCredentials) private readonly credentials: HostCredentials,
    @Inject(SourcePins) private readonly pins: SourcePins,
  ) {}

  /**
   * Returns the JSON of the objects. Stores the records of the deployment. Refused with the error of an attempt, or
   * `unavailable` if the worker does not respond in time.
   * @param mostMs milliseconds to wait for the worker, at most
   */
  async of(
    { organizationId, applicationId, configuration, revision, records }: PlannedDeployment,
    context: OrganizationContext,
    mostMs: number = previewRevisionRequest.timeoutMs,
  ): Promise<Result<string, DomainError>> {
    const { name, cluster: at, targetNamespace, namespaceMode, resolved, source, byAdmin } = configuration;
    const cluster = await this.connections.of(organizationId, at.id);
    if (!cluster.ok) return cluster;
    for (const [record, text] of records) {
      const stored = await this.records.put(record, text);
      if (!stored.ok) return stored;
    }
    const image = source.type === 'image' ? await this.credentials.ofImage(organizationId, source.ref) : ok(undefined);
    if (!image.ok) return image;
    const access = source.rendering === undefined ? ok(undefined) : await this.pins.access(organizationId);
    if (!access.ok) return access;
    const left = context.deadlineMs - this.clock.now() - MARGIN_MS;
    const timeoutMs = Math.max(1, Math.min(mostMs, left));
    const answer = await this.bus.request(
      previewRevisionRequest,
      {
        organizationId,
        applicationId,
        applicationName: name,
        revision,
        attemptNumber: 0,
        cluster: cluster.value,
        targetNamespace,
        namespaceMode,
        resolved: resolved.record,
        ...(source.rendering !== undefined && {
          rendering: renderingRecord(organizationId, applicationId, source.rendering),
        }),
        ...(access.value && { sourceAccess: access.value }),
        ...(image.value && { imageCredential: image.value }),
        ...(byAdmin && { byAdmin }),
      },
      this.bus.own({ correlationId: context.correlationId, organizationId, timeoutMs }),
    );
    if (!answer.ok) return answer;
    const text = await this.records.get(answer.value.rendered);
    if (!text.ok) return text;
    // Another preview of the application has replaced the record in the meantime.
    if (text.value === undefined || textDigest(text.value) !== answer.value.digest)
      return err(deploymentsErrors.staleRevision());
    return ok(text.value);
  }
}
