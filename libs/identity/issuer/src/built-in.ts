import type { Admin } from './admin.ts';
import type { Issuer } from './create-issuer.ts';

/** The issuer that this process serves. */
export interface BuiltInIssuer {
  readonly issuer: Issuer;
  readonly admin: Admin;
}

/** Token of the BuiltInIssuer; null where people log in at an external one. */
export const BUILT_IN_ISSUER = Symbol('built-in issuer');
