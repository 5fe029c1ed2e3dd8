export {
  implement,
  type CliCommand,
  type CliGroup,
  type CommandDeclarations,
  type CommandModule,
  type Options,
  type OptionSpec,
  type Outcome,
} from './command.ts';
export { type StoredApi, type StoredKey } from './config-file.ts';
export { EXIT_CODES, ExitCode } from './exit-codes.ts';
export {
  CommandFailedError,
  isCommandError,
  localError,
  printable,
  usage,
  withErrorExit,
  type CommandError,
  serverError,
} from './command-error.ts';
export { hasTerminal, readAll, readBytes, type Io } from './io.ts';
export { age, type Column } from './print.ts';
export { parseProblem, parseSpan, runProgram, type ProgramParts } from './program.ts';
export {
  ENVIRONMENT_KEY,
  type CallResult,
  type KeyOrganization,
  type LoginFlow,
  type PersonOf,
  type Session,
} from './session.ts';
