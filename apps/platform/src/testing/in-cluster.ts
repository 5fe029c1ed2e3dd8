import process from 'node:process';
import { createRefusalRecorder } from '#audit/contract';
import { deployWorker, SERVICE_ACCOUNT_ROOT } from '#deployments/worker';
import { gateway } from '#gateway';
import { runService } from '#runtime';
import { CONTEXTS } from '../contexts.ts';

// The platform as in a pod, with the files of the ServiceAccount below a folder of the test.
const root = process.env['ASTRO_TEST_SERVICE_ACCOUNT_ROOT'];
await runService({
  name: 'platform',
  contexts: CONTEXTS,
  edge: gateway,
  worker: {
    ...deployWorker,
    providers: [...(deployWorker.providers ?? []), { provide: SERVICE_ACCOUNT_ROOT, useValue: root }],
  },
  refusals: createRefusalRecorder,
});
