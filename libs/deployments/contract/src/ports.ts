import type { DomainError } from '#kernel';

/**
 * Says whether the platform may dial an address that a person named. Connections are checked again when they are made:
 * this early answer is for the person who registers a cluster.
 */
export interface EgressGuard {
  /**
   * @param host a name or an address, IPv6 without brackets; names are resolved
   * @returns the refusal, or `undefined` when the target is allowed (or its name cannot be resolved at the moment)
   */
  check(host: string, port: number): Promise<DomainError | undefined>;
}

/** Token of the EgressGuard. */
export const EGRESS_GUARD = Symbol('egress guard');

/** How the sandbox cluster of an organization is reached. */
export interface SandboxConnection {
  readonly server: string;
  readonly token: string;
  /** UID of its namespace kube-system. */
  readonly uid: string;
  /** PEM of the certificate that its address is served under; kubectl sends tokens over TLS alone. */
  readonly certificateAuthority?: string;
}

/** Gives each organization a sandbox cluster of its own, made when it is first asked for. */
export interface SandboxClusters {
  /** `undefined` where this installation has no sandbox. The token of one organization stays the same. */
  connectionOf(organizationId: string): Promise<SandboxConnection | undefined>;
}

/** Token of SandboxClusters; may be left unprovided. */
export const SANDBOX_CLUSTERS = Symbol('sandbox clusters');
