export { auditedWrites, type AuditedWrite } from './audit-log.ts';
export { cpuMs } from './cpu-ms.ts';
export { databaseAt, mongoEnvironment } from './distributed-engines.ts';
export { diceOf, seedOfRun, type Dice } from './dice.ts';
export { openIngress, type Ingress } from './ingress.ts';
export { eventually } from './eventually.ts';
export { startForwardProxy } from './forward-proxy.ts';
export { manualClock, type ManualClock } from './manual-clock.ts';
export { natsServerProgram, startNatsServer, type NatsServer } from './nats-server.ts';
export { makeServiceAccess } from './service-access.ts';
export { sequenceIds } from './sequence-ids.ts';
export { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
export { specify } from './specify.ts';
export { temporaryFolder } from './temporary-folder.ts';
export { runProgram, startApp, startNode, type AppProcess, type Finished } from './app-process.ts';
export {
  machine,
  startAgain,
  startPlatform,
  type Machine,
  type Platform,
  type PlatformOptions,
} from './platform-process.ts';
export {
  SERVICES,
  startServices,
  type InstanceName,
  type RunningServices,
  type ServiceName,
} from './platform-services.ts';
export { logInToConsole, newBrowser, type PlatformBrowser } from './platform-browser.ts';
export { call, loginAdmin, newPerson, openShop, type PersonResponse, type Person } from './platform-people.ts';
