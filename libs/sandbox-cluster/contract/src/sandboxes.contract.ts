import { SERVICES_ONLY } from '#access';
import { request, type OutputOf } from '#bus/contract';
import { z } from 'zod';

const DEPLOYMENTS = ['deployments'];
const ofOrganization = z.strictObject({ organizationId: z.string().regex(/^[0-9a-zA-Z-]{1,64}$/) });

const address = {
  server: z.string(),
  /** PEM certificate of the server. Sandboxes are served over TLS because kubectl sends tokens over TLS only. */
  certificateAuthority: z.string(),
};

/**
 * Returns the connection to an organization's sandbox cluster, which is created on first use. Its token and UID never
 * change.
 */
export const ensureSandboxRequest = request({
  subject: 'sandbox-cluster.v1.sandboxes.ensure',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: ofOrganization,
  output: z.strictObject({
    ...address,
    /** Bearer token of the sandbox's owner. */
    token: z.string(),
    /** UID of the namespace kube-system. */
    uid: z.string(),
  }),
  timeoutMs: 10_000,
});

/** Returns the current address of an organization's sandbox cluster. */
export const sandboxAddressRequest = request({
  subject: 'sandbox-cluster.v1.sandboxes.address',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: ofOrganization,
  output: z.strictObject(address),
  timeoutMs: 5_000,
});

export type SandboxConnection = OutputOf<typeof ensureSandboxRequest>;
export type SandboxAddress = OutputOf<typeof sandboxAddressRequest>;
