export { openEventStoreDb } from './event-store-db.ts';
