import { sourceText, type ApplicationSpec, type ProfileSpec, type ResolvedSpec } from '#deployments/contract';
import { canonicalJson } from '#kernel';
import type { Configuration } from '../catalog/beginnings.ts';
import type { ActiveCluster } from '../clusters/cluster.decider.ts';
import { secretsIn } from '../resolve/secrets.ts';
import { autoscalingText, changesBetween, limitsText, summaryOf } from '../resolve/summary.ts';
import { omit } from '../shared/omit.ts';
import { digestOf } from '../shared/vault-records.service.ts';
import type { Application, Revision } from './application.ts';
import type { Guarded } from './protection.ts';

/** The profile that a manifest refers to, and its cluster. */
export interface UsedProfile {
  readonly id: string;
  readonly revision: number;
  readonly spec: ProfileSpec;
  readonly cluster: ActiveCluster;
  readonly clusterId: string;
}

/** Returns the part of a revision that decides who may change it. */
export const guardedBy = (
  { namespaceMode = 'override' }: ApplicationSpec,
  { id, revision, spec }: UsedProfile,
): Guarded => ({
  profile: { id, name: spec.profileName, revision, protected: spec.protected ?? false },
  namespaceMode,
});

/** Returns the configuration that the event contains, and the vault records (name and text) to store before it. */
export function configurationOf(given: {
  readonly spec: ApplicationSpec;
  readonly organizationId: string;
  readonly applicationId: string;
  readonly resolved: ResolvedSpec;
  readonly profile: UsedProfile;
  readonly changes: readonly string[];
  readonly by: string;
  readonly isAdmin: boolean;
}): {
  readonly configuration: Configuration;
  readonly records: readonly (readonly [name: string, text: string])[];
} {
  const { spec, organizationId, applicationId, resolved, profile, changes, by, isAdmin } = given;
  const manifest = { digest: digestOf(spec), record: `manifest/${organizationId}/${digestOf(spec)}` };
  const digest = digestOf(resolved);
  const record = resolvedRecord(organizationId, applicationId, resolved, digest);
  const { registration } = profile.cluster;
  const workload = resolved.source.type === 'image' ? resolved.source.workload : undefined;
  const configuration: Configuration = {
    name: spec.name,
    manifest,
    resolved: { record, digest },
    contentDigest: contentDigestOf(resolved),
    ...guardedBy(spec, profile),
    tier: resolved.tier,
    cluster: {
      id: profile.clusterId,
      name: registration.name,
      provider: registration.provider,
      region: registration.region,
      uid: registration.uid,
    },
    targetNamespace: resolved.targetNamespace,
    source: shownSource(resolved),
    limits: workload ? limitsText(workload) : null,
    autoscaling: workload?.autoscaling ? autoscalingText(workload.autoscaling) : null,
    replicas: workload?.replicas ?? null,
    host: workload?.host ?? null,
    labels: spec.labels ?? {},
    description: spec.description ?? null,
    ...(resolved.dependsOn && { dependsOn: resolved.dependsOn }),
    ...(resolved.syncPolicy && { syncPolicy: resolved.syncPolicy }),
    summary: summaryOf(resolved),
    ...secretVersionsOf(resolved),
    changes,
    rollbackOf: null,
    by,
    ...(isAdmin && { byAdmin: true }),
  };
  return {
    configuration,
    records: [[manifest.record, canonicalJson(spec)] as const, [record, canonicalJson(resolved)] as const],
  };
}

/** Returns the versions of the secrets for the event. */
function secretVersionsOf(resolved: ResolvedSpec): Pick<Configuration, 'secrets'> {
  const secrets = Object.entries(secretsIn(resolved));
  if (secrets.length === 0) return {};
  return {
    secrets: Object.fromEntries(secrets.map(([key, { version, fingerprint }]) => [key, { version, fingerprint }])),
  };
}

/**
 * Returns the configuration of the next revision that differs from the present one only in the versions of its secrets,
 * or in the pin of its source, and the vault record (name and text) to store before it. A rollback stays pinned.
 */
export function reconfigured(given: {
  readonly application: Application;
  readonly latest: Revision;
  readonly organizationId: string;
  readonly applicationId: string;
  readonly before: ResolvedSpec;
  readonly next: ResolvedSpec;
  readonly by: string;
  readonly isAdmin: boolean;
}): { readonly configuration: Configuration; readonly record: readonly [name: string, text: string] } {
  const { application, latest, organizationId, applicationId, before, next, by, isAdmin } = given;
  const resolved = { ...next, revision: latest.revision + 1 };
  const digest = digestOf(resolved);
  const record = resolvedRecord(organizationId, applicationId, resolved, digest);
  const configuration: Configuration = {
    ...omit(latest, 'revision', 'succeeded', 'byAdmin', 'message', 'secrets'),
    resolved: { record, digest },
    contentDigest: contentDigestOf(resolved),
    source: shownSource(resolved),
    summary: summaryOf(resolved),
    ...secretVersionsOf(resolved),
    changes: changesBetween(before, resolved),
    rollbackOf: application.unpinned ? null : latest.rollbackOf,
    by,
    ...(isAdmin && { byAdmin: true as const }),
  };
  return { configuration, record: [record, canonicalJson(resolved)] };
}

const resolvedRecord = (
  organizationId: string,
  applicationId: string,
  { revision }: ResolvedSpec,
  digest: string,
): string => `resolved/${organizationId}/${applicationId}/${revision}-${digest}`;

/** Returns the type of the source in the manifest, and what it is. */
function shownSource({ source, targetNamespace }: ResolvedSpec): Configuration['source'] {
  switch (source.type) {
    case 'image':
      return { type: 'image', ref: source.workload.image };
    case 'yaml':
      return { type: 'yaml', ref: `inline@sha256:${digestOf(source).slice(0, 12)}` };
    case 'git':
    case 'helm': {
      const { block, from, pin } = source;
      return { type: block, ref: sourceText(source), rendering: digestOf({ from, pin, targetNamespace }) };
    }
  }
}

/**
 * Returns the SHA-256 of what a revision deploys, without its revision numbers. How a release renders the objects is
 * not included, so that after an upgrade of the platform the same manifest is the same revision, and its pods are kept.
 */
function contentDigestOf(resolved: ResolvedSpec): string {
  const { source, ...content } = omit(resolved, 'revision', 'profile');
  return digestOf({
    ...content,
    source: source.type === 'image' ? { ...source, workload: contentOf(source) } : source,
  });
}

const contentOf = ({ workload }: Extract<ResolvedSpec['source'], { type: 'image' }>) =>
  omit(workload, 'rendering', 'priority');

/** Returns the resolved specification in the format of the previous revision if both deploy the same. */
export const asBefore = (before: ResolvedSpec | undefined, resolved: ResolvedSpec): ResolvedSpec =>
  before && contentDigestOf(before) === contentDigestOf(resolved) ? { ...resolved, source: before.source } : resolved;
