export { appendEvents, eventStoreContract, sealedEvents } from './event-store-contract.ts';
