export { busContract } from './bus-contract.ts';
export { busesOver, directoryOf, fixtureContracts, personContext, startServer } from './fixture.ts';
