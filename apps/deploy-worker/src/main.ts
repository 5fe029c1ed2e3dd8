import process from 'node:process';
import { runProcess } from '#runtime';
import { startWorker } from './deploy-worker.ts';

const { name } = await runProcess('the worker', startWorker);
process.stdout.write(`deploy-worker ready: ${name}\n`);
