export { openMongoReadStore } from './mongo-read-store.ts';
