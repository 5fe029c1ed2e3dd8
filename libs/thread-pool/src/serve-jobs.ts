import { parentPort } from 'node:worker_threads';
import { runJob, type Jobs, type Order, type Report } from './jobs.ts';
import { lowerPriority } from './lower-priority.ts';

/**
 * Makes the current thread serve jobs of a {@link ThreadPool}. Must be called last, because the thread then receives
 * jobs.
 */
export function serveJobs(jobs: Jobs): void {
  const port = parentPort;
  if (!port) throw new Error('jobs are served in threads of a pool only');
  lowerPriority();
  const report = (what: Report): void => port.postMessage(what);
  port.on('message', (order: Order) => {
    try {
      report({ value: runJob(jobs, order) });
    } catch (error) {
      report({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  report({ ready: true });
}
