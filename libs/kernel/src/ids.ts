/** Source of everything random. Injected, so that tests and simulations repeat. */
export interface Ids {
  /** A new UUID (version 7: sorts by the time of its making), lower case. */
  uuid(): string;
  /** Unpredictable bytes, for secrets and nonces. */
  random(bytes: number): Uint8Array;
}
