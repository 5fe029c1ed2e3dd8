export { serveJobs } from './serve-jobs.ts';
export type { JobRefusal } from './jobs.ts';
export { threadProgram } from './thread-program.ts';
export { ThreadPool } from './thread-pool.ts';
export { lowerPriority } from './lower-priority.ts';
