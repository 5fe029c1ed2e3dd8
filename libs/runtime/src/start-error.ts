/** The process cannot start; the message is for the operator: one sentence that says what to change. */
export class StartError extends Error {
  readonly code = 'runtime/cannot-start';
}
