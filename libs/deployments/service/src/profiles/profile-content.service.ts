import type { ProfileSpec } from '#deployments/contract';
import { canonicalJson, ok, type DomainError, type Result } from '#kernel';
import type { ProfileContent } from '../catalog/beginnings.ts';
import { profileSettings } from '../resolve/summary.ts';
import { omit } from '../shared/omit.ts';
import { digestOf, type VaultRecords } from '../shared/vault-records.service.ts';

/**
 * Stores a profile in the vault, and returns what its event may contain.
 * @param planTier for a profile that names no tier; null if currently unknown
 */
export async function profileContent(
  records: VaultRecords,
  profileId: string,
  cluster: { readonly id: string; readonly name: string },
  spec: ProfileSpec,
  planTier: string | null,
): Promise<Result<ProfileContent, DomainError>> {
  const digest = digestOf(spec);
  const record = `profile/${profileId}/${digest}`;
  const stored = await records.put(record, canonicalJson(spec));
  if (!stored.ok) return stored;
  return ok({
    name: spec.profileName,
    clusterId: cluster.id,
    clusterName: cluster.name,
    tier: spec.availabilityTier ?? planTier,
    ...(spec.availabilityTier === undefined && { tierFrom: 'plan' as const }),
    protected: spec.protected ?? false,
    description: spec.description ?? null,
    record,
    digest,
    frameDigest: digestOf(omit(spec, 'defaults')),
    settings: profileSettings(spec),
  });
}
