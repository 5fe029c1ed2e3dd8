import { createRefusalRecorder } from '#audit/contract';
import { gateway } from '#gateway';
import { runService, type WorkerService } from '#runtime';
import { CONTEXTS } from './contexts.ts';

/** Runs all of the platform in this process until it is stopped. Deployments wait for another process without a worker. */
export const runPlatform = (worker?: WorkerService): Promise<void> =>
  runService({
    name: 'platform',
    contexts: CONTEXTS,
    edge: gateway,
    ...(worker && { worker }),
    refusals: createRefusalRecorder,
  });
