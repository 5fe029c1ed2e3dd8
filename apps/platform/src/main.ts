import { createRefusalRecorder } from '#audit/contract';
import { deployWorker } from '#deployments/worker';
import { gateway } from '#gateway';
import { runService } from '#runtime';
import { CONTEXTS } from './contexts.ts';

await runService({
  name: 'platform',
  contexts: CONTEXTS,
  edge: gateway,
  worker: deployWorker,
  refusals: createRefusalRecorder,
});
