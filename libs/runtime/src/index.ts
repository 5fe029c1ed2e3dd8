export { compose } from './compose.ts';
export { readConfiguration, type Configuration } from './configuration.ts';
export { DataFolderInUseError, openDataFolder, type DataFolder } from './data-folder.ts';
export { openEngines, openEventStore, type Engines } from './engines.ts';
export { createLogger } from './logger.ts';
export { claimPort } from './port.ts';
export { runProcess } from './run-process.ts';
export { StartError } from './start-error.ts';
export { VARIABLES } from './variables.ts';
