import { deployWorker } from '#deployments/worker';
import { runService } from '#runtime';

await runService({ name: 'deploy-worker', contexts: [], worker: deployWorker });
