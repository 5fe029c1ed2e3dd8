export { appendEvents, collect, eventStoreContract, sealedEvents } from './event-store-contract.ts';
