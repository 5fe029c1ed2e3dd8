export { compose, type Composition, type CompositionOptions } from './compose.ts';
export { readConfiguration, type Configuration } from './configuration.ts';
export { DataFolderInUseError, openDataFolder, type DataFolder } from './data-folder.ts';
export { openEngines, type EngineOptions, type Engines } from './engines.ts';
export { createLogger } from './logger.ts';
export { claimPort } from './port.ts';
export { runProcess } from './run-process.ts';
export { reasonOf, StartError } from './start-error.ts';
export { VARIABLES, type Engine, type Settings, type Variable, type VariableKey } from './variables.ts';
