import { createStore } from './store.ts';

/** State of the live connection of this tab. */
export interface Connection {
  /** Whether nothing was heard for 10 s. */
  readonly isStale: boolean;
  /** When the platform was last heard, milliseconds since 1970. */
  readonly asOfMs: number;
}

export const connection = createStore<Connection>({ isStale: false, asOfMs: 0 });
