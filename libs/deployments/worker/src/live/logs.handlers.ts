import { Caller, Cancelled, Input, Serves, type ContextOf } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { liveLogsRequest } from '#deployments/contract';
import { CLOCK, type Clock } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { refusing } from '../cluster/cluster-requests.worker.ts';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { logLines } from './logs.worker.ts';

/** Handles requests for log lines. */
@Controller()
export class LogsHandlers {
  constructor(
    @Inject(ClusterConnections) private readonly connections: ClusterConnections,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(liveLogsRequest)
  logs(
    @Input() request: InputOf<typeof liveLogsRequest>,
    @Caller() _context: ContextOf<typeof liveLogsRequest>,
    @Cancelled() cancelled: AbortSignal,
  ): AsyncIterable<OutputOf<typeof liveLogsRequest>> {
    return refusing(
      request.cluster,
      cancelled,
      logLines(() => this.connections.client(request.cluster), request, this.clock, cancelled),
    );
  }
}
