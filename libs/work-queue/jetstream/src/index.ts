export { openJetStreamWorkQueue, type JetStreamWorkQueueOptions } from './jetstream-work-queue.ts';
