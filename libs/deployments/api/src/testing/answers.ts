import type { OutputOf } from '#bus/contract';
import type { ApplicationStatusView, applyApplicationRequest, ApplicationView } from '#deployments/contract';

/** Responses of the platform for tests of commands. */
export const application = (more: Partial<ApplicationView> = {}): ApplicationView => ({
  id: 'id-of-web',
  name: 'web',
  status: 'RUNNING',
  health: 'Healthy',
  sync: 'Synced',
  version: 'v3',
  organization: 'acme',
  profileName: 'production',
  clusterName: 'eu-prod',
  provider: 'aws',
  region: 'eu-west-1',
  targetNamespace: 'acme-web',
  sourceType: 'image',
  sourceRef: 'images.acme.dev/web:1.4.2@sha256:9f2c41d07b3e',
  replicas: '3/3',
  endpoint: 'https://web-x2ss.apps.acme.dev',
  updatedAt: '2026-11-24T12:02:11Z',
  message: 'all pods ready for 12 min',
  code: null,
  fix: null,
  servingVersion: null,
  attempt: null,
  tier: 'premium',
  protected: true,
  limits: 'cpu 1/4, memory 4Gi/8Gi',
  autoscaling: '3-9 at 80%',
  deployedBy: 'ci-deploy',
  createdAt: '2025-12-10T09:14:55Z',
  labels: {},
  description: null,
  ...more,
});

type Outcome = OutputOf<typeof applyApplicationRequest>;

/** @param given `version` of the application, and fields that differ from the default outcome */
export const outcome = ({ version = 'v1', ...more }: Partial<Outcome> & { readonly version?: string }): Outcome => ({
  application: application({ version }),
  outcome: 'created',
  changes: [],
  attemptId: 'attempt-1',
  dryRun: false,
  ...more,
});

/** Returns a response to `app status`. */
export function statusOf(more: Partial<ApplicationStatusView> = {}): ApplicationStatusView {
  const {
    id,
    tier,
    protected: _,
    limits,
    autoscaling,
    deployedBy,
    createdAt,
    labels,
    description,
    ...status
  } = application();
  return { ...status, pods: [], ...more };
}
