import { Input, refuse, reply, Serves, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { previewRevisionRequest } from '#deployments/contract';
import { abortAfter, CLOCK, domainError, IDS, type Clock, type Ids } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { withClusterErrors } from '../cluster/cluster-requests.worker.ts';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { WORKER_RECORDS, type WorkerRecords } from '../cluster/records.worker.ts';
import { AttemptFailedError } from '../rollout/cluster-calls.worker.ts';
import { preview } from '../rollout/prepare.worker.ts';
import { ManifestRenderer } from '../rollout/renderer.worker.ts';
import type { Rendering } from '../rollout/rendering.worker.ts';
import { Sources } from '../sources/sources.worker.ts';

/** Handles requests for the objects that an attempt would apply. */
@Controller()
export class PreviewHandlers {
  constructor(
    @Inject(ClusterConnections) private readonly connections: ClusterConnections,
    @Inject(WORKER_RECORDS) private readonly records: WorkerRecords,
    @Inject(ManifestRenderer) private readonly renderer: ManifestRenderer,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  @Serves(previewRevisionRequest)
  preview(@Input() task: InputOf<typeof previewRevisionRequest>): Promise<ReplyTo<typeof previewRevisionRequest>> {
    const { records, renderer, sources, clock, ids } = this;
    const ended = abortAfter(clock, previewRevisionRequest.timeoutMs);
    const goOn = (): void => undefined;
    return withClusterErrors(this.connections, task.cluster, async (client) => {
      const rendering: Rendering = {
        task,
        ports: { records, renderer, sources, clock, ids },
        claim: { report: () => Promise.resolve() },
        call: (step) => step(client),
        idly: (wait) => wait(),
        ended,
        throwIfSuperseded: goOn,
        throwIfStopping: goOn,
        isPreview: true,
      };
      try {
        const { bytes, digest } = await preview(rendering);
        const rendered = `rendered/${task.organizationId}/${task.applicationId}/preview`;
        await records.put(rendered, bytes);
        return reply({ rendered, digest });
      } catch (error) {
        if (!(error instanceof AttemptFailedError)) throw error;
        const { code, message, fix } = error.failure;
        const detail = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
        return refuse(domainError(code, 'conflict', detail, fix === null ? {} : { fix }));
      }
    });
  }
}
