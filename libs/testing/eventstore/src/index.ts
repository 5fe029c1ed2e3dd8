export { startEventStoreStandIn, type EventStoreStandIn, type StandInOptions } from './event-store-stand-in.ts';
