import process from 'node:process';
import { runProcess } from '#runtime';
import { startPlatform } from '../platform.ts';

// The platform without a worker of its own, for tests in which work must be owed, or in which workers are processes of their own.
const { url } = await runProcess('the platform', (configuration) => startPlatform(configuration, { worker: false }));
process.stdout.write(`ready at ${url}\n`);
