import { serveJobs } from '#thread-pool';
import { manifestJobs } from './manifest-jobs.service.ts';

// Worker thread that reads manifests, so that a large one does not block the event loop.
serveJobs(manifestJobs);
