import { runPlatform } from '../run-platform.ts';

// The platform without a worker, for tests with unprocessed attempts or with workers in separate processes.
await runPlatform();
