import { createMetrics, METRICS, type Metrics } from '#metrics';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { ClusterConnections } from './connections.worker.ts';

/** Metrics of the clusters that this worker uses. */
@Injectable()
export class ClusterMetrics {
  constructor(
    @Inject(ClusterConnections) connections: ClusterConnections,
    @Optional() @Inject(METRICS) metrics: Metrics = createMetrics(),
  ) {
    new Gauge({
      name: 'astro_worker_clusters',
      help: 'Clusters that this worker uses; open: calls fail without being made, because the cluster does not respond',
      labelNames: ['state'],
      registers: [metrics],
      collect() {
        for (const [state, count] of Object.entries(connections.states())) this.set({ state }, count);
      },
    });
  }
}
