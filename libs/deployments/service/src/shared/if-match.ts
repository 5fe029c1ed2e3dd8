import { deploymentsErrors } from '../deployments.errors.ts';

/**
 * The refusal of a change whose `If-Match` names another revision than the present one. For changes that begin in another
 * stream: nothing of them is recorded when the revision is not the expected one.
 */
export const revisionMismatch = ({ ifMatch }: { readonly ifMatch?: number }, present: number) =>
  ifMatch === undefined || ifMatch === present ? undefined : deploymentsErrors.preconditionFailed(present);

/** `If-Match` as the command runner takes it. */
export const matching = ({ ifMatch }: { readonly ifMatch?: number }): { readonly ifMatch?: number } =>
  ifMatch === undefined ? {} : { ifMatch };
