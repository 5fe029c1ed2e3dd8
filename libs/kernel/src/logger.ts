/** Structured log lines for operators. Fields never hold secrets, names, addresses or manifests: ids and codes do. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** For places that must be quiet. */
export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const CLOCK = Symbol('clock');
export const IDS = Symbol('ids');
export const LOGGER = Symbol('logger');
