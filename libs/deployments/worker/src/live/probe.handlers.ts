import { Input, reply, Serves } from '#bus';
import type { InputOf } from '#bus/contract';
import { probeClusterRequest } from '#deployments/contract';
import { Controller, Inject } from '@nestjs/common';
import { withClusterErrors } from '../cluster/cluster-requests.worker.ts';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { clusterFacts, missingRights } from '../cluster/probe.worker.ts';

/** Handles probes of clusters. */
@Controller()
export class ProbeHandlers {
  constructor(@Inject(ClusterConnections) private readonly connections: ClusterConnections) {}

  /** Identifies a cluster and checks the permissions of the credential. */
  @Serves(probeClusterRequest)
  probe(@Input() { cluster }: InputOf<typeof probeClusterRequest>) {
    return withClusterErrors(this.connections, cluster, async (client) => {
      const [uid, facts, missing] = await Promise.all([
        client.clusterUid(),
        clusterFacts(client),
        missingRights(client),
      ]);
      return reply({ uid, ...facts, missing: [...missing] });
    });
  }
}
