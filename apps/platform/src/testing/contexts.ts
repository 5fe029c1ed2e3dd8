import { createRefusalRecorder } from '#audit/contract';
import { deployWorker } from '#deployments/worker';
import { runService } from '#runtime';
import { CONTEXTS } from '../contexts.ts';

// Everything but the gateway, for tests in which the gateway is a process of its own.
await runService({ name: 'contexts', contexts: CONTEXTS, worker: deployWorker, refusals: createRefusalRecorder });
