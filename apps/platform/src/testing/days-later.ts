import process from 'node:process';
import { deployWorker } from '#deployments/worker';
import { runPlatform } from '../run-platform.ts';

// The platform with a clock that SIGUSR2 sets eight days ahead, for tests of what ends after days.
const DAYS_MS = 8 * 86_400_000;
const present = Date.now.bind(Date);
process.on('SIGUSR2', () => {
  Date.now = () => present() + DAYS_MS;
});
await runPlatform(deployWorker);
