import { createRefusalRecorder } from '#audit/contract';
import { gateway } from '#gateway';
import { runService } from '#runtime';
import { CONTEXTS } from '../contexts.ts';

// The platform without a worker of its own, for tests in which work must be owed, or in which workers are processes of their own.
await runService({ name: 'platform', contexts: CONTEXTS, edge: gateway, refusals: createRefusalRecorder });
