import type { Admin } from './admin.ts';
import type { Issuer } from './create-issuer.ts';

/** The issuer that this process serves. */
export interface BuiltInIssuer {
  readonly issuer: Issuer;
  readonly admin: Admin;
}

/** Injection token of the BuiltInIssuer; null if people log in at an external issuer. */
export const BUILT_IN_ISSUER = Symbol('built-in issuer');
