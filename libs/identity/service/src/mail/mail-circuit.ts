/** Consecutive failures of the mail server after which it is left alone for a while. */
const MAX_FAILURES = 3;
/** Milliseconds until one message is tried again. */
const OPEN_MS = 30_000;

/** Whether messages are sent now. */
export interface MailCircuit {
  readonly failures: number;
  /** Monotonic milliseconds from which the next message is tried. */
  readonly retryAtMs: number;
}

export const closedCircuit: MailCircuit = { failures: 0, retryAtMs: 0 };

/** Returns whether a message may be tried. */
export const mayTry = ({ failures, retryAtMs }: MailCircuit, monotonicMs: number): boolean =>
  failures < MAX_FAILURES || monotonicMs >= retryAtMs;

/**
 * Returns the circuit after an attempt.
 *
 * @param responds whether the mail server responded, even if it refused the message
 */
export const afterAttempt = (circuit: MailCircuit, responds: boolean, monotonicMs: number): MailCircuit =>
  responds ? closedCircuit : { failures: circuit.failures + 1, retryAtMs: monotonicMs + OPEN_MS };
