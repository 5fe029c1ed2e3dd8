import { createRefusalRecorder } from '#audit/contract';
import { gateway } from '#gateway';
import { runService } from '#runtime';
import { CONTEXTS } from '../contexts.ts';

// The platform without a worker, for tests with unprocessed attempts or with workers in separate processes.
await runService({ name: 'platform', contexts: CONTEXTS, edge: gateway, refusals: createRefusalRecorder });
