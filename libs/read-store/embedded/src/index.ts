export { ReadStoreDamagedError } from './database.ts';
export { openEmbeddedReadStore, type EmbeddedReadStoreOptions } from './embedded-read-store.ts';
