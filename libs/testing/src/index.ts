export { auditedWrites, type AuditedWrite } from './audit-log.ts';
export { cpuMs } from './cpu-ms.ts';
export { diceOf, seedOfRun, type Dice } from './dice.ts';
export { eventually } from './eventually.ts';
export { startForwardProxy } from './forward-proxy.ts';
export { manualClock, type ManualClock } from './manual-clock.ts';
export { sequenceIds } from './sequence-ids.ts';
export { startTcpProxy } from './tcp-proxy.ts';
export { specify } from './specify.ts';
export { temporaryFolder } from './temporary-folder.ts';
export {
  machine,
  runProgram,
  startAgain,
  startApp,
  startPlatform,
  type AppProcess,
  type Finished,
  type Machine,
  type Platform,
} from './platform-process.ts';
export { call, loginAdmin, newPerson, openShop, type PersonResponse, type Person } from './platform-people.ts';
