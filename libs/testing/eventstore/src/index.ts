export { startEventStoreStandIn, type EventStoreStandIn } from './event-store-stand-in.ts';
