import { deployWorker } from '#deployments/worker';
import { runPlatform } from './run-platform.ts';

await runPlatform(deployWorker);
