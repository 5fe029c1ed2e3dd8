export {
  given,
  list,
  required,
  text,
  type CliCommand,
  type CliGroup,
  type OptionSpec,
  type OptionValues,
  type Outcome,
} from './command.ts';
export { configPath, openConfig, type ConfigFile, type StoredApi, type StoredKey } from './config-file.ts';
export { EXIT_CODES, ExitCode } from './exit-codes.ts';
export {
  commandErrorText,
  isCommandError,
  localError,
  printable,
  serverError,
  usage,
  type CommandError,
} from './command-error.ts';
export { readAll, type Io } from './io.ts';
export {
  age,
  createPrinter,
  FORMATS,
  linesText,
  shown,
  tableText,
  type Column,
  type Format,
  type LinesView,
  type Printer,
  type TableView,
} from './print.ts';
export { buildProgram, DEFAULT_API_URL, parseSpan, runProgram, type ProgramParts } from './program.ts';
export {
  createSession,
  ENVIRONMENT_KEY,
  commandErrorOfReply,
  StreamCommandError,
  type CallResult,
  type SessionCallOptions,
  type SessionCredential,
  type GlobalFlags,
  type KeyOrganization,
  type LoginFlow,
  type Session,
  type SessionParts,
} from './session.ts';
