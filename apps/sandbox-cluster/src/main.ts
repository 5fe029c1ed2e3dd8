import { createRefusalRecorder } from '#audit/contract';
import { sandboxClusterService } from '#sandbox-cluster/service';
import { runService } from '#runtime';

await runService({ name: 'sandbox-cluster', contexts: [sandboxClusterService], refusals: createRefusalRecorder });
