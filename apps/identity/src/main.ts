import { createRefusalRecorder } from '#audit/contract';
import { identityService } from '#identity/service';
import { runService } from '#runtime';

await runService({ name: 'identity', contexts: [identityService], refusals: createRefusalRecorder });
