export { readConfiguration, type Configuration } from './configuration.ts';
export { openDataFolder } from './data-folder.ts';
export { openEventStore, openReadStore, openVault } from './engines.ts';
export { endImport, markImport } from './interrupted-import.ts';
export { createLogger } from './logger.ts';
export { claimPort } from './port.ts';
export { runService } from './run-service.ts';
export {
  SERVICE_SETTINGS,
  type ContextService,
  type EdgeService,
  type ServiceSettings,
  type WorkerService,
} from './service.ts';
export { SERVICE_STATE, type StateOf } from './service-state.ts';
export { StartError } from './start-error.ts';
export { defaultShown, VARIABLES, type AuditSink, type Variable } from './variables.ts';
