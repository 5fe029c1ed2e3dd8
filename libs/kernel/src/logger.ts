/** Structured log lines for operators. Fields contain IDs and codes, never secrets, names, addresses, or manifests. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Discards all lines. */
export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Injection token of the Clock. */
export const CLOCK = Symbol('clock');
/** Injection token of the Ids. */
export const IDS = Symbol('ids');
/** Injection token of the Logger. */
export const LOGGER = Symbol('logger');
