import { SERVICES_ONLY } from '#access';
import { request, type OutputOf } from '#bus/contract';
import { z } from 'zod';

const DEPLOYMENTS = ['deployments'];
const ofOrganization = z.strictObject({ organizationId: z.string().regex(/^[0-9a-zA-Z-]{1,64}$/) });

const address = {
  server: z.string(),
  /** PEM of the certificate that the address is served under; kubectl sends tokens over TLS alone. */
  certificateAuthority: z.string(),
};

/** Gives an organization its sandbox cluster, made when it is first asked for. Its token and UID stay the same. */
export const ensureSandboxRequest = request({
  subject: 'sandbox-cluster.v1.sandboxes.ensure',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: ofOrganization,
  output: z.strictObject({
    ...address,
    /** Bearer token of the owner. */
    token: z.string(),
    /** UID of its namespace kube-system. */
    uid: z.string(),
  }),
  timeoutMs: 10_000,
});

/** Where the sandbox of an organization is reached now. */
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
