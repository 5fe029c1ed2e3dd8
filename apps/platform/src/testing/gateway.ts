import { createRefusalRecorder } from '#audit/contract';
import { gateway } from '#gateway';
import { runService } from '#runtime';

// The gateway without any context.
await runService({ name: 'gateway', contexts: [], edge: gateway, refusals: createRefusalRecorder });
