export { WorkQueueDamagedError } from './database.ts';
export { openEmbeddedWorkQueue, type EmbeddedWorkQueueOptions } from './embedded-work-queue.ts';
