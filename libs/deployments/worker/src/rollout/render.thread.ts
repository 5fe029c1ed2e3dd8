import { serveJobs } from '#thread-pool';
import { renderJobs } from './render-jobs.worker.ts';

// Worker thread that renders and validates manifests, so that large ones do not block the event loop.
serveJobs(renderJobs);
