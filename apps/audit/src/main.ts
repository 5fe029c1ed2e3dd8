import { createRefusalRecorder } from '#audit/contract';
import { auditService } from '#audit/service';
import { runService } from '#runtime';

await runService({ name: 'audit', contexts: [auditService], refusals: createRefusalRecorder });
