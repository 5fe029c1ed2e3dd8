import { createRefusalRecorder } from '#audit/contract';
import { deploymentsService } from '#deployments/service';
import { runService } from '#runtime';

await runService({ name: 'deployments', contexts: [deploymentsService], refusals: createRefusalRecorder });
