import { Caller, Cancelled, Input, Serves, type ContextOf } from '#bus';
import type { InputOf } from '#bus/contract';
import { liveEventsRequest, type KubernetesEvent } from '#deployments/contract';
import { CLOCK, type Clock } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { refusing } from '../cluster/cluster-requests.worker.ts';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { applicationEvents } from './events.worker.ts';

/** Handles requests for Kubernetes events. */
@Controller()
export class EventsHandlers {
  constructor(
    @Inject(ClusterConnections) private readonly connections: ClusterConnections,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(liveEventsRequest)
  events(
    @Input() request: InputOf<typeof liveEventsRequest>,
    @Caller() _context: ContextOf<typeof liveEventsRequest>,
    @Cancelled() cancelled: AbortSignal,
  ): AsyncIterable<KubernetesEvent> {
    return refusing(request.cluster, cancelled, applicationEvents(this.connections, this.clock, request, cancelled));
  }
}
