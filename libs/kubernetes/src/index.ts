export { contentOf } from './object-diff.ts';
export {
  isKubernetesObject,
  keyOf,
  keyText,
  nameOf,
  type KubernetesObject,
  type ObjectKey,
  type ResourceType,
} from './objects.ts';
export {
  conflictsOf,
  isNotFound,
  KubernetesApiError,
  KubernetesUnreachableError,
  type AccessReview as AccessQuestion,
  type FieldConflict,
  type KubernetesClient,
  type LogOptions,
} from './client.ts';
export { plainText } from './status.ts';
export { CircuitBreaker, type BreakerState } from './circuit-breaker.ts';
export { createKubernetesClient } from './create-client.ts';
export { readKubeconfig } from './kubeconfig.ts';
export { ownCluster, type OwnCluster } from './own-cluster.ts';
export type { ManifestError, PodSecurityLevel } from './manifest-error.ts';
export type { ImageWorkload, WorkloadIdentity, WorkloadResources, WorkloadVariable } from './workload.ts';
export { podFailure } from './health/pod-failure.ts';
export { clusterOffers, type ClusterOffers } from './cluster-offers.ts';
export { renderImage } from './render-image.ts';
export { readInlineManifests, readManifestFiles, type ManifestFile } from './inline-manifests.ts';
export { checkInlineManifests, schemaErrors } from './schema-errors.ts';
export { milliOf } from './quantity.ts';
export { decorate, namespacedByOwnCrd } from './decorate.ts';
export { checkManifests } from './check-manifests.ts';
export { allowsNamespace, globsAllowing } from './namespace-globs.ts';
export { hostNames } from './hosts.ts';
export {
  APPLICATION_LABEL,
  ATTEMPT_ANNOTATION,
  FIELD_MANAGER,
  HOOK_ANNOTATION,
  isMarkedAsOf,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  NAMESPACE_LABEL,
  OWNER_ANNOTATION,
} from './ownership.ts';
export { HOOK_PHASES } from './plan.types.ts';
export type {
  FieldChange,
  Hook,
  HookPhase,
  InventoryEntry,
  Plan,
  PlanError,
  PlannedChange,
  PlannedHook,
  RefusalCode,
} from './plan.types.ts';
export { runsToCompletion, splitHooks, withoutOtherHooks, type SplitObjects } from './hooks.ts';
export { planDeployment } from './plan-deployment.ts';
export { countObjects, removalsBetween, removalsOf, removalsText, removesMost } from './removals.ts';
export { applyPlan, ClaimTooShortError, deleteOnce, pruneObjects } from './apply-plan.ts';
export type { ApplicationHealth, FailureCode } from './health/health.types.ts';
export { healthOf } from './health/object-health.ts';
export { waitText } from './health/failure-tolerance.ts';
export { waitForHealth } from './health/wait-for-health.ts';
export { observeApplications, type DeployedApplication, type ObservedApplication } from './observe-applications.ts';
export { driftOfChange, driftText, objectSync } from './object-sync.ts';
export {
  FenceLostError,
  inventoryName,
  openFence,
  readInventory,
  type Fence,
  type Inventory,
} from './inventory-fence.ts';
