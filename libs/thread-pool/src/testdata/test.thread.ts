import { serveJobs } from '../index.ts';
import { jobs } from './jobs.ts';

serveJobs(jobs);
