import { createRefusalRecorder } from '#audit/contract';
import { gateway } from '#gateway';
import { runService } from '#runtime';

await runService({ name: 'gateway', contexts: [], edge: gateway, refusals: createRefusalRecorder });
