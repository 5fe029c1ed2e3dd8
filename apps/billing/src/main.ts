import { createRefusalRecorder } from '#audit/contract';
import { billingService } from '#billing/service';
import { runService } from '#runtime';

await runService({ name: 'billing', contexts: [billingService], refusals: createRefusalRecorder });
