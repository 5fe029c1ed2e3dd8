export { appendEvents, eventStoreContract, sealedEvents, type Draft } from './event-store-contract.ts';
