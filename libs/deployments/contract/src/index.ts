export { objectEvents, type ObjectFact } from './object-events.ts';
export {
  catalogUsageRequest,
  countApplicationsRequest,
  MAX_LISTED,
  organizationContentsRequest,
  type OrganizationContents,
  countedDeployment,
  MAX_COUNTED_DEPLOYMENTS,
  type CountedDeployment,
} from './catalog.contract.ts';
export {
  applicationStatusView,
  type ApplicationStatusView,
  applicationView,
  type ApplicationView,
  applyOutcome,
  listApplicationsRequest,
  getApplicationRequest,
  applyApplicationRequest,
  deleteApplicationRequest,
  applicationStatusRequest,
  applicationResourcesRequest,
  type PodUse,
  type ResourcesUse,
  applicationTopRequest,
  revisionView,
  listRevisionsRequest,
  fieldChange,
  type FieldChange,
  applicationDiff,
  type ApplicationDiff,
  diffApplicationRequest,
  diffManifestRequest,
  type RevisionReceipt,
  getRevisionRequest,
  rollbackRequest,
  type PlatformEvent,
  type KubernetesEvent,
  applicationEventsRequest,
  logLine,
  applicationLogsRequest,
  watchRequest,
  listTiersRequest,
  getTierRequest,
} from './applications.contract.ts';
export {
  syncApplicationRequest,
  restartApplicationRequest,
  pauseApplicationRequest,
  resumeApplicationRequest,
  adoptApplicationRequest,
} from './operations.contract.ts';
export {
  secretView,
  type SecretView,
  secretsOutcome,
  listSecretsRequest,
  setSecretRequest,
  setSecretsRequest,
  unsetSecretRequest,
} from './secrets.contract.ts';
export {
  webhookView,
  type WebhookView,
  WEBHOOK_PROVIDERS,
  type WebhookProvider,
  WEBHOOKS_PER_APPLICATION,
  listWebhooksRequest,
  createWebhookRequest,
  deleteWebhookRequest,
  deliverWebhookRequest,
} from './webhooks.contract.ts';
export { secretKey, SECRET_VALUE_BYTES, SECRETS_BYTES, SECRETS_PER_APPLICATION } from './secret-keys.ts';
export {
  clusterView,
  type ClusterEventView,
  type ClusterView,
  listClustersRequest,
  getClusterRequest,
  registerClusterRequest,
  deleteClusterRequest,
  getClusterPolicyRequest,
  setClusterPolicyRequest,
  DEFAULT_INGRESS,
  type IngressSettings,
  getClusterIngressRequest,
  setClusterIngressRequest,
  clusterAccessRequest,
  allClusterEventsRequest,
  clusterEventsRequest,
  reviewAccessRequest,
  clusterKubeconfigRequest,
} from './clusters.contract.ts';
export {
  clusterHealthRulesRequest,
  DEFAULT_HEALTH,
  getClusterHealthRequest,
  healthSettings,
  type HealthSettings,
  setClusterHealthRequest,
} from './health.contract.ts';
export { type EgressEntry, listEgressRequest, setEgressRequest } from './egress.contract.ts';
export {
  API_VERSION,
  applicationSpecSchema,
  type ApplicationSpec,
  type ImageSource,
  profileSpecSchema,
  type ProfileSpec,
  policySchema,
  type ClusterPolicy,
  DEFAULT_POLICY,
  registrationSpecSchema,
  type RegistrationSpec,
  KINDS,
  type ManifestKind,
  type OpenedDocument,
  openEnvelope,
} from './manifest.ts';
export {
  profileView,
  type ProfileView,
  listProfilesRequest,
  getProfileRequest,
  applyProfileRequest,
  deleteProfileRequest,
} from './profiles.contract.ts';
export { getRecordRequest, putRecordRequest, RECORD_PART_BYTES } from './records.contract.ts';
export {
  describeFields,
  type FieldDescription,
  MANIFEST_SCHEMAS,
  manifestSchema,
  SCHEMA_KINDS,
  type SchemaKind,
} from './manifest-schema.ts';
export { quantityOf } from './manifest-fields.ts';
export { secondsOf } from './schedule-fields.ts';
export { conflictsIn, type ImageFieldsInUse } from './image-manifest.ts';
export { readApplication, readProfile, readRegistration, spellingWarnings } from './read-manifest.ts';
export {
  type PinnedSource,
  type ResolvedSpec,
  type SecretRef,
  type SecretVersion,
  type SyncPolicy,
} from './resolved.ts';
export { pinText, sourceText } from './pinned-source.ts';
export { plainPath } from './source-manifest.ts';
export { hostCredential, type HostCredential, pinSourceRequest } from './sources.contract.ts';
export { sourceHost } from './source-url.ts';
export {
  type CredentialView,
  deleteCredentialRequest,
  getCredentialRequest,
  listCredentialsRequest,
  setCredentialRequest,
} from './credentials.contract.ts';
export {
  rolloutQueue,
  clusterConnection,
  type ClusterConnection,
  inventoryEntry,
  type InventoryEntry,
  type KeptObject,
  rolloutTask,
  type RolloutTask,
  claimAttemptRequest,
  extendClaimRequest,
  reportStepRequest,
  finishAttemptRequest,
  observedClustersRequest,
  deployedObjectsRequest,
  reportHealthRequest,
  reportClusterRequest,
  setCatalogLimitsRequest,
  limitsBelowUse,
  type AdoptableObject,
  MAX_ADOPTED,
} from './rollout.contract.ts';
export {
  APPLICATION_STATUSES,
  type ApplicationStatus,
  HEALTHS,
  type Health,
  SYNCS,
  type Sync,
  ATTEMPT_STATES,
  type AttemptState,
  STEPS,
  type Step,
  CLUSTER_STATES,
  type ClusterState,
  TIER_NAMES,
  type Tier,
  TIERS,
} from './values.ts';
export {
  probeClusterRequest,
  liveStatusRequest,
  liveResourcesRequest,
  liveTopRequest,
  liveDifferencesRequest,
  previewRevisionRequest,
  liveEventsRequest,
  liveLogsRequest,
  issueTokenRequest,
  endAccessRequest,
} from './worker.contract.ts';
