export { openEmbeddedWorkQueue } from './embedded-work-queue.ts';
