export { busContract } from './bus-contract.ts';
export { busesOver, directoryOf, fixtureContracts, personContext, recordingTransport, startServer } from './fixture.ts';
