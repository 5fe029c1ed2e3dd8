import type { ImageWorkload } from '#kubernetes';
import type { GitSource, HelmSource, SourcePin } from '#sources';

type PinOf<T extends SourcePin['type']> = Extract<SourcePin, { readonly type: T }>;

/** A source outside of the platform, and what it was when the revision was applied. */
export type PinnedSource =
  | {
      readonly type: 'git';
      /** Block of the manifest. */
      readonly block: 'repository' | 'yaml';
      readonly from: GitSource;
      readonly pin: PinOf<'git'>;
      readonly labels: Readonly<Record<string, string>>;
    }
  | {
      readonly type: 'helm';
      readonly block: 'helm';
      readonly from: HelmSource;
      readonly pin: PinOf<'helm'>;
      readonly labels: Readonly<Record<string, string>>;
    };

/** A version of an application secret, without its value. */
export interface SecretVersion {
  /** Increases with each change of the value, also after a removal. */
  readonly version: number;
  /** HMAC of key and value with the organization's key, in hexadecimal. Equal for equal values of one key. */
  readonly fingerprint: string;
}

/** A version of a secret, and the vault record with its value. */
export interface SecretRef extends SecretVersion {
  readonly record: string;
}

/** Changes that the platform makes automatically. Contains only what differs from the defaults. */
export interface SyncPolicy {
  /** Changes of the source are deployed. */
  readonly auto?: true;
  /** Objects that a revision no longer contains are kept. */
  readonly prune?: false;
  /** Changes that others make on the cluster are reverted. */
  readonly selfHeal?: true;
  /** The last revision that succeeded is deployed again when this one fails. */
  readonly rollback?: true;
}

/**
 * A revision with all defaults resolved: platform < tier < profile < application. It is stored in the vault, since it
 * may contain values of environment variables and files. The event contains its digest and a redacted summary.
 */
export interface ResolvedSpec {
  readonly applicationName: string;
  readonly revision: number;
  readonly profile: { readonly id: string; readonly name: string; readonly revision: number };
  readonly tier: string;
  readonly targetNamespace: string;
  readonly namespaceMode: 'override' | 'preserve';
  /** Names of applications that must be healthy first. Absent if there are none. */
  readonly dependsOn?: readonly string[];
  readonly syncPolicy?: SyncPolicy;
  readonly source:
    | {
        readonly type: 'image';
        /** Its `secrets` are empty. The worker fills them with the values of `secrets` below. */
        readonly workload: ImageWorkload;
        /**
         * Application secrets that the workload uses, by key. One that was removed is absent; its variables and files
         * are then left out.
         */
        readonly secrets?: Readonly<Record<string, SecretRef>>;
      }
    | { readonly type: 'yaml'; readonly manifests: string; readonly labels: Readonly<Record<string, string>> }
    | PinnedSource;
}
