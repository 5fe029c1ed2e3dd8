import { Input, reply, Serves } from '#bus';
import type { InputOf } from '#bus/contract';
import { liveDifferencesRequest } from '#deployments/contract';
import { abortAfter, CLOCK, type Clock } from '#kernel';
import { planDeployment, splitHooks } from '#kubernetes';
import { decodeText } from '#vault';
import { Controller, Inject } from '@nestjs/common';
import { withClusterErrors } from '../cluster/cluster-requests.worker.ts';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { WORKER_RECORDS, type WorkerRecords } from '../cluster/records.worker.ts';
import { toLibrary } from '../rollout/inventory.ts';
import { ManifestRenderer } from '../rollout/renderer.worker.ts';
import { liveDifferences } from './differences.ts';

/** Handles requests for the differences between what was applied and what is on the cluster. */
@Controller()
export class DifferencesHandlers {
  constructor(
    @Inject(ClusterConnections) private readonly connections: ClusterConnections,
    @Inject(WORKER_RECORDS) private readonly records: WorkerRecords,
    @Inject(ManifestRenderer) private readonly renderer: ManifestRenderer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Plans an apply of the recorded objects without its hooks, as a new attempt would. */
  @Serves(liveDifferencesRequest)
  differences(
    @Input()
    { cluster, organizationId, applicationId, namespace, inventory, rendered }: InputOf<typeof liveDifferencesRequest>,
  ) {
    // Dry runs whose response nobody waits for are not made.
    const signal = abortAfter(this.clock, liveDifferencesRequest.timeoutMs);
    return withClusterErrors(this.connections, cluster, async (client) => {
      const record = await this.records.get(rendered);
      if (!record) return reply({ changes: null, omitted: 0 });
      const { objects } = splitHooks(await this.renderer.recall(decodeText(record.value)), 'upgrade');
      const key = await this.records.get(`fingerprint-key/${organizationId}`);
      const outcome = await planDeployment(client, {
        objects,
        ownership: { applicationId, namespace },
        previous: inventory.map(toLibrary),
        prune: false,
        signal,
        ...(key && { fingerprintKey: decodeText(key.value) }),
      });
      return reply(outcome.ok ? liveDifferences(outcome.plan.changes, namespace) : { changes: null, omitted: 0 });
    });
  }
}
