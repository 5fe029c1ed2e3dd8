export { startEventStoreStandIn, type EventStoreStandIn, type StandInOptions } from './event-store-stand-in.ts';
export { startEventStoreProcess, type EventStoreProcess } from './event-store-process.ts';
