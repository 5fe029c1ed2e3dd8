import type { ImageWorkload, WorkloadIdentity } from '#kubernetes';

/** An image application of which nothing is deployed. */
export interface NewWorkload {
  readonly name: string;
  readonly applicationId: string;
  /** The manifest names the namespace: other applications may be in it too. */
  readonly named: boolean;
}

/**
 * Selectors with the application's id take nobody else's pods. The Service is called after the namespace where that is made
 * for the application, and after the application where others may share it.
 */
export const newIdentity = ({ name, applicationId, named }: NewWorkload): WorkloadIdentity => ({
  applicationId,
  ...(named && { serviceName: `${name}-app` }),
});

/** That of a recorded revision; empty where an earlier release recorded it. */
export const identityIn = ({ applicationId, serviceName }: ImageWorkload): WorkloadIdentity => ({
  ...(applicationId !== undefined && { applicationId }),
  ...(serviceName !== undefined && { serviceName }),
});
