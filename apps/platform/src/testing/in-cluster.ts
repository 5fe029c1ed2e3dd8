import process from 'node:process';
import { deployWorker, SERVICE_ACCOUNT_ROOT } from '#deployments/worker';
import { runPlatform } from '../run-platform.ts';

// The platform as in a pod, with the files of the ServiceAccount below a folder of the test.
const root = process.env['ASTRO_TEST_SERVICE_ACCOUNT_ROOT'];
await runPlatform({
  ...deployWorker,
  providers: [...(deployWorker.providers ?? []), { provide: SERVICE_ACCOUNT_ROOT, useValue: root }],
});
