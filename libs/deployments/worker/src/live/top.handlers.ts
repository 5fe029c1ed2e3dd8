import { Input, reply, Serves } from '#bus';
import type { InputOf } from '#bus/contract';
import { liveTopRequest } from '#deployments/contract';
import { Controller, Inject } from '@nestjs/common';
import { withClusterErrors } from '../cluster/cluster-requests.worker.ts';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { livePodMetrics, livePods, liveWorkloads } from '../cluster/workloads.worker.ts';
import { podsUse } from './pod-use.worker.ts';

/** Handles requests for the CPU and memory that pods use. */
@Controller()
export class TopHandlers {
  constructor(@Inject(ClusterConnections) private readonly connections: ClusterConnections) {}

  @Serves(liveTopRequest)
  top(@Input() { cluster, inventory }: InputOf<typeof liveTopRequest>) {
    return withClusterErrors(this.connections, cluster, async (client) => {
      const workloads = await liveWorkloads(client, inventory);
      const [pods, metrics] = await Promise.all([livePods(client, workloads), livePodMetrics(client, workloads)]);
      return reply({ use: metrics ? podsUse(pods, metrics) : null });
    });
  }
}
