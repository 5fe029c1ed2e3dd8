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
