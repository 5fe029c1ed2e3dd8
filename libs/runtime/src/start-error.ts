/** The process cannot start. The message is one sentence for the operator that says what to change. */
export class StartError extends Error {
  readonly code = 'runtime/cannot-start';
}
