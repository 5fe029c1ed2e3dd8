/** Source of randomness. Injected, so that tests and simulations are repeatable. */
export interface Ids {
  /** Returns a new UUID (version 7, which sorts by creation time) in lower case. */
  uuid(): string;
  /** Returns unpredictable bytes, for secrets and nonces. */
  random(bytes: number): Uint8Array;
}
