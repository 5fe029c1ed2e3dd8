export {
  apiVersionOf,
  groupKind,
  groupOf,
  isKubernetesObject,
  keyOf,
  keyText,
  nameOf,
  type KubernetesObject,
  type ObjectKey,
  type ObjectMeta,
  type ResourceType,
} from './objects.ts';
export {
  conflictsOf,
  isConflict,
  isNotFound,
  KubernetesApiError,
  KubernetesUnreachableError,
  type AccessQuestion,
  type ApplyOptions,
  type ClientCallOptions,
  type DeleteOptions,
  type Discovery,
  type FieldConflict,
  type KubernetesClient,
  type ListOptions,
  type LogOptions,
  type ObjectList,
  type Patch,
  type StatusCause,
  type UnreachableCause,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
  type Written,
} from './client.ts';
export { createKubernetesClient, type KubernetesClientOptions } from './create-client.ts';
export type { ClusterCredential } from './transport.ts';
export {
  EGRESS,
  egressRefused,
  isAllowed,
  isLoopback,
  parseEgressPolicy,
  type EgressPolicy,
  type EgressTarget,
} from './egress.ts';
export { readKubeconfig, type Kubeconfig } from './kubeconfig.ts';
export type { ClusterPolicy, ManifestError, ManifestErrorCode, PodSecurityLevel } from './manifest-error.ts';
export type {
  ImageWorkload,
  WorkloadFile,
  WorkloadHealth,
  WorkloadPort,
  WorkloadResources,
  WorkloadVariable,
  WorkloadVolume,
} from './workload.ts';
export { renderImage, serviceName, type RenderedImage, type RenderOptions } from './render-image.ts';
export { readInlineManifests, type InlineManifests } from './inline-manifests.ts';
export { decorate, namespacedByOwnCrd, type Decorated, type Decoration } from './decorate.ts';
export { allowsNamespace, checkManifests, type CheckOptions } from './check-manifests.ts';
export { podViolations, type PodViolation } from './pod-security.ts';
export {
  APPLICATION_LABEL,
  ATTEMPT_ANNOTATION,
  FIELD_MANAGER,
  fingerprint,
  isMarkedAsOf,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  NAMESPACE_LABEL,
  OWNER_ANNOTATION,
  ownerOf,
} from './ownership.ts';
export type {
  FieldChange,
  InventoryEntry,
  Plan,
  PlannedChange,
  PlannedObject,
  PlanOutcome,
  PlanError,
  RefusalCode,
  Wave,
} from './plan.types.ts';
export { planDeployment, selectorOf, type PlanInput } from './plan-deployment.ts';
export { FenceLostError, inventoryName, openFence, type Fence, type FenceOptions } from './inventory-fence.ts';
export { applyPlan, ClaimTooShortError, pruneObjects, type PruneOptions, type WriteLimits } from './apply-plan.ts';
export type { ApplicationHealth, FailureCode, Health, HealthState, ObjectHealth } from './health/health.types.ts';
export { applicationHealth, finder, podsOf, type LiveState } from './health/application-health.ts';
export { healthOf } from './health/object-health.ts';
export { podFailure, podHealth, type PodFailure } from './health/pod-failure.ts';
export { waitForHealth, type WaitOptions } from './health/wait-for-health.ts';
export { reflect, type Reflection, type ReflectOptions } from './reflector.ts';
export { observeApplications, type ObserveOptions } from './observe-applications.ts';
