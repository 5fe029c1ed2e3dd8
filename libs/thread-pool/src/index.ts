export { serveJobs } from './serve-jobs.ts';
export type { JobRefusal, Jobs } from './jobs.ts';
export { threadProgram, type ThreadProgram } from './thread-program.ts';
export { ThreadPool, type ThreadPoolOptions } from './thread-pool.ts';
