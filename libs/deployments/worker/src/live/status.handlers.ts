import { Input, reply, Serves } from '#bus';
import type { InputOf } from '#bus/contract';
import { liveStatusRequest } from '#deployments/contract';
import { podFailure } from '#kubernetes';
import { Controller, Inject } from '@nestjs/common';
import { withClusterErrors } from '../cluster/cluster-requests.worker.ts';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { podRow, replicasText } from '../cluster/pods.ts';
import { livePods, liveWorkloads } from '../cluster/workloads.worker.ts';

/** Handles requests for replicas and pods. */
@Controller()
export class StatusHandlers {
  constructor(@Inject(ClusterConnections) private readonly connections: ClusterConnections) {}

  @Serves(liveStatusRequest)
  status(@Input() { cluster, inventory }: InputOf<typeof liveStatusRequest>) {
    return withClusterErrors(this.connections, cluster, async (client) => {
      const workloads = await liveWorkloads(
        client,
        inventory.filter(({ hook }) => !hook),
      );
      const pods = await livePods(client, workloads);
      return reply({
        replicas: replicasText(workloads),
        pods: pods.map((pod) => podRow(pod, podFailure(pod) !== undefined)),
      });
    });
  }
}
