import type { Clock, DomainError, Result } from '#kernel';

/** Values for a chart: an object, or files inside the repository of the chart, later ones first in precedence. */
export type ChartValues =
  | { readonly type: 'object'; readonly object: Readonly<Record<string, unknown>> }
  | { readonly type: 'files'; readonly files: readonly string[] };

/** A folder or file of a git repository. */
export interface GitSource {
  readonly type: 'git';
  /** `https://…` or `ssh://…`, without a password. */
  readonly url: string;
  /** Folder or file, relative to the root of the repository. '' is the root. */
  readonly path: string;
  /** Branch, tag or commit id. Absent: the default branch of the repository. */
  readonly revision?: string;
  /** `any` renders a chart, a kustomization or plain manifests; `manifests` reads plain manifests only. */
  readonly accepts: 'any' | 'manifests';
  /** Glob of files to leave out, relative to `path`. */
  readonly exclude?: string;
  /** For a chart. */
  readonly values?: ChartValues;
  readonly releaseName: string;
}

/** A chart of a Helm repository. */
export interface HelmSource {
  readonly type: 'helm';
  /** `https://…` of a repository with an index.yaml, or `oci://…`. */
  readonly repository: string;
  readonly chart: string;
  /** Version or range of versions (SemVer). Absent: the newest stable version. */
  readonly version?: string;
  readonly values?: ChartValues;
  readonly releaseName: string;
}

export type Source = GitSource | HelmSource;

/** What a source was at one time. The same pin always gives the same content. */
export type SourcePin =
  | {
      readonly type: 'git';
      /** Commit id, 40 or 64 hexadecimal digits. */
      readonly commit: string;
      /** Full name of the ref, such as `refs/heads/main`. Absent if the source names a commit. */
      readonly ref?: string;
    }
  | {
      readonly type: 'helm';
      readonly version: string;
      /** `sha256:` and the SHA-256 of the archive of the chart, in hexadecimal. */
      readonly digest: string;
    };

/** How one host is contacted. */
export interface HostSettings {
  /** Password or token with an optional user name; for ssh, a private key. */
  readonly credential?: { readonly user?: string; readonly secret: string };
  /** PEM of certificate authorities, in addition to the public ones. */
  readonly certificateAuthority?: string;
  /** Lines of a known_hosts file; required for ssh. */
  readonly knownHosts?: string;
}

/** Absolute paths of programs. Absent: not installed. */
export interface SourcePrograms {
  readonly git?: string;
  readonly helm?: string;
  /** For `kubectl kustomize`. */
  readonly kubectl?: string;
}

/** Decides whether an address may be contacted; see `EgressPolicy`. */
export interface SourceEgress {
  /** @returns the refusal, or undefined if a connection to this address is allowed */
  refusal(target: { readonly host: string; readonly address: string; readonly port: number }): DomainError | undefined;
}

/** Ports of the functions that fetch and render sources. */
export interface SourceContext {
  readonly programs: SourcePrograms;
  readonly egress: SourceEgress;
  /**
   * Returns the settings of a host of this organization.
   *
   * @param host name, with `:port` if it is not the default port of the scheme
   */
  readonly settingsOf: (host: string, kind: 'git' | 'registry') => Promise<HostSettings | undefined>;
  /** Returns all addresses of a name. Absent: the resolver of the operating system. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Folder in which temporary folders are created. */
  readonly folder: string;
  readonly clock: Clock;
  /** Ends the work, including all child processes. */
  readonly signal: AbortSignal;
}

/** Cluster that charts are rendered for. */
export interface RenderTarget {
  readonly namespace: string;
  /** Such as `1.36.3`. */
  readonly kubernetesVersion: string;
  /** Such as `apps/v1/Deployment`. */
  readonly apiVersions: readonly string[];
}

/** A source as Kubernetes manifests. */
export interface RenderedSource {
  readonly detected: 'chart' | 'kustomization' | 'manifests';
  /** Texts in YAML or JSON with any number of documents each, and where each comes from. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly warnings: readonly string[];
}

/**
 * Finds out what a source is at present: the commit of a branch or tag, the version and digest of a chart. Downloads
 * as little as possible.
 */
export type PinSource<S extends Source> = (
  source: S,
  context: SourceContext,
) => Promise<Result<SourcePin & { readonly type: S['type'] }, DomainError>>;

/** Fetches a source exactly as pinned, and renders it. */
export type RenderSource<S extends Source> = (
  source: S,
  pin: SourcePin & { readonly type: S['type'] },
  target: RenderTarget,
  context: SourceContext,
) => Promise<Result<RenderedSource, DomainError>>;
