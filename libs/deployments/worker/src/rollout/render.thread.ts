import { serveJobs } from '#thread-pool';
import { renderJobs } from './render-jobs.worker.ts';

// A thread that renders and checks manifests, so that large ones hold up no other rollout and nobody's requests.
serveJobs(renderJobs);
