export { busContract, type BusUnderTest } from './bus-contract.ts';
export {
  ACME,
  ALICE,
  busesOver,
  directoryOf,
  fixtureContracts,
  personContext,
  testKeys,
  startServer,
  type Fixture,
} from './fixture.ts';
