import type { ImageWorkload, WorkloadIdentity } from '#kubernetes';

/** An image application that is not deployed yet. */
export interface NewWorkload {
  readonly name: string;
  readonly applicationId: string;
  /** Whether the manifest names the namespace, which other applications may then share. */
  readonly named: boolean;
}

/**
 * Returns the identity of a new workload. Selectors contain the application's id, so that they match no other pods. The
 * Service is named after the namespace if that was created for the application, and after the application if others may
 * share it.
 */
export const newIdentity = ({ name, applicationId, named }: NewWorkload): WorkloadIdentity => ({
  applicationId,
  ...(named && { serviceName: `${name}-app` }),
});

/** Returns the identity of a recorded revision. Empty if an earlier release recorded it. */
export const identityIn = ({ applicationId, serviceName }: ImageWorkload): WorkloadIdentity => ({
  ...(applicationId !== undefined && { applicationId }),
  ...(serviceName !== undefined && { serviceName }),
});
