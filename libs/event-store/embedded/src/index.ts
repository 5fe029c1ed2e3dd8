export { EventStoreUnreadableError } from './database.ts';
export { openEmbeddedEventStore, type EmbeddedEventStoreOptions } from './embedded-event-store.ts';
