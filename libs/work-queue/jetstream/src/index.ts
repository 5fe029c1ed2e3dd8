export { openJetStreamWorkQueue } from './jetstream-work-queue.ts';
