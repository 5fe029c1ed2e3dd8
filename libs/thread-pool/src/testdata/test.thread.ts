import { serveJobs } from '#thread-pool';
import { jobs } from './jobs.ts';

serveJobs(jobs);
