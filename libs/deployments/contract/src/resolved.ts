import type { ImageWorkload } from '#kubernetes';

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
  readonly source:
    | { readonly type: 'image'; readonly workload: ImageWorkload }
    | { readonly type: 'yaml'; readonly manifests: string; readonly labels: Readonly<Record<string, string>> };
}
