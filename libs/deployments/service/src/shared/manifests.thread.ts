import { serveJobs } from '#thread-pool';
import { manifestJobs } from './manifest-jobs.service.ts';

// A thread that reads manifests, so that a large one holds up nobody else.
serveJobs(manifestJobs);
