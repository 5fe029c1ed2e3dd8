import { createRefusalRecorder } from '#audit/contract';
import { organizationsService } from '#organizations/service';
import { runService } from '#runtime';

await runService({ name: 'organizations', contexts: [organizationsService], refusals: createRefusalRecorder });
