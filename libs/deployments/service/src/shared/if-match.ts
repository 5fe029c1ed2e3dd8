import { deploymentsErrors } from '../deployments.errors.ts';

/**
 * Returns the error for a change whose `If-Match` names another revision than the present one. For changes that start
 * in another stream, so that nothing is recorded if the revision differs.
 */
export const revisionMismatch = ({ ifMatch }: { readonly ifMatch?: number }, present: number) =>
  ifMatch === undefined || ifMatch === present ? undefined : deploymentsErrors.preconditionFailed(present);

/** Returns `If-Match` in the form that the command runner expects. */
export const matching = ({ ifMatch }: { readonly ifMatch?: number }): { readonly ifMatch?: number } =>
  ifMatch === undefined ? {} : { ifMatch };
