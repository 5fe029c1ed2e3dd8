import { readdirSync, readFileSync } from 'node:fs';
import { parseManifests } from '#kubernetes/yaml';
import { groupOf, isKubernetesObject, isRecord, text, type KubernetesObject } from '../objects.ts';
import { healthOf } from './object-health.ts';

interface Verdict {
  readonly name: string;
  readonly kstatus: string;
  readonly argo: string;
  readonly ours: string;
  readonly message: string | undefined;
  readonly better: string | undefined;
  readonly nowMs: number;
  readonly object: KubernetesObject;
}

const folder = new URL('./verdicts/', import.meta.url);
const verdicts = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .flatMap((file) => {
    const parsed = parseManifests(readFileSync(new URL(file, folder), 'utf8'));
    if (!parsed.ok) throw new Error(`${file}: ${JSON.stringify(parsed.error)}`);
    return parsed.value.documents.map(({ value }) => verdictIn(value, file));
  });

function verdictIn(value: unknown, file: string): Verdict {
  if (!isRecord(value) || !isKubernetesObject(value['object'])) throw new Error(`${file} holds no object`);
  const word = (member: string): string => text(value[member]) ?? '';
  return {
    name: word('name'),
    kstatus: word('kstatus'),
    argo: word('argo'),
    ours: word('ours'),
    message: text(value['message']),
    better: text(value['better']),
    nowMs: Date.parse(text(value['at']) ?? '2026-11-24T16:00:00Z'),
    object: value['object'],
  };
}

const STATE_OF_KSTATUS: Readonly<Record<string, string>> = {
  Current: 'Healthy',
  InProgress: 'Progressing',
  Failed: 'Degraded',
  Terminating: 'Terminating',
};
const STATES_OF_ARGO = ['Healthy', 'Progressing', 'Degraded', 'Suspended'];

/** All kinds for which there is a rule, and those of the operators that most clusters run. */
const KINDS = [
  'apps/Deployment',
  'apps/ReplicaSet',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'batch/Job',
  'batch/CronJob',
  '/Pod',
  '/Service',
  'networking.k8s.io/Ingress',
  '/PersistentVolumeClaim',
  'autoscaling/HorizontalPodAutoscaler',
  'policy/PodDisruptionBudget',
  '/ConfigMap',
  '/Secret',
  '/ServiceAccount',
  'rbac.authorization.k8s.io/Role',
  'networking.k8s.io/NetworkPolicy',
  '/ResourceQuota',
  '/Namespace',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apiregistration.k8s.io/APIService',
  'gateway.networking.k8s.io/GatewayClass',
  'gateway.networking.k8s.io/Gateway',
  'gateway.networking.k8s.io/HTTPRoute',
  'snapshot.storage.k8s.io/VolumeSnapshot',
  'cert-manager.io/Certificate',
  'cert-manager.io/Issuer',
  'argoproj.io/Rollout',
  'kafka.strimzi.io/Kafka',
  'kafka.strimzi.io/KafkaTopic',
  'postgresql.cnpg.io/Cluster',
  'external-secrets.io/ExternalSecret',
  'kustomize.toolkit.fluxcd.io/Kustomization',
  'helm.toolkit.fluxcd.io/HelmRelease',
  'serving.knative.dev/Service',
  'cluster.x-k8s.io/Cluster',
  's3.aws.upbound.io/Bucket',
  'monitoring.coreos.com/Prometheus',
  'elasticsearch.k8s.elastic.co/Elasticsearch',
  'kibana.k8s.elastic.co/Kibana',
];

describe('use-D24: the verdict on', () => {
  it.each(verdicts.map((verdict) => [verdict.name, verdict] as const))('%s', (_, verdict) => {
    const { ours, message, kstatus, argo, better } = verdict;
    const health = healthOf(verdict.object, { nowMs: verdict.nowMs });
    expect(health).toMatchObject({ state: ours, ...(message !== undefined && { message }) });
    if (!['Healthy', 'Terminating'].includes(ours)) expect(health.message).not.toBe('');

    const others = [STATE_OF_KSTATUS[kstatus], argo === 'none' ? 'Healthy' : argo];
    expect(Object.keys(STATE_OF_KSTATUS)).toContain(kstatus);
    expect([...STATES_OF_ARGO, 'none']).toContain(argo);
    // A difference needs a reason, and only a difference has one.
    expect(others.every((other) => other === ours)).toBe(better === undefined);
  });

  it.each(KINDS)('a %s is part of the comparison', (kind) =>
    expect(verdicts.map(({ object }) => `${groupOf(object.apiVersion)}/${object.kind}`)).toContain(kind),
  );

  it('all names are different', () => expect(new Set(verdicts.map(({ name }) => name)).size).toBe(verdicts.length));
});
