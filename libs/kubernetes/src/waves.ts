import type { KubernetesObject } from './objects.ts';
import { WAVES, type PlannedObject, type Wave } from './plan.types.ts';

type WaveName = (typeof WAVES)[number];

const WAVE_OF: Readonly<Record<string, WaveName>> = {
  Namespace: 'namespaces',
  CustomResourceDefinition: 'definitions',
  StorageClass: 'cluster',
  PriorityClass: 'cluster',
  IngressClass: 'cluster',
  ClusterRole: 'cluster',
  ClusterRoleBinding: 'cluster',
  PersistentVolume: 'cluster',
  ResourceQuota: 'guards',
  LimitRange: 'guards',
  NetworkPolicy: 'guards',
  PodDisruptionBudget: 'guards',
  ServiceAccount: 'guards',
  Role: 'guards',
  RoleBinding: 'guards',
  Secret: 'configuration',
  ConfigMap: 'configuration',
  PersistentVolumeClaim: 'configuration',
  Service: 'services',
  DaemonSet: 'workloads',
  Pod: 'workloads',
  ReplicaSet: 'workloads',
  ReplicationController: 'workloads',
  Deployment: 'workloads',
  StatefulSet: 'workloads',
  Job: 'workloads',
  CronJob: 'workloads',
  HorizontalPodAutoscaler: 'access',
  Ingress: 'access',
  APIService: 'access',
};

/** Annotation of Argo CD for the order of objects: a number, 0 by default. */
export const SYNC_WAVE = 'argocd.argoproj.io/sync-wave';

const syncWaveOf = ({ metadata }: Pick<KubernetesObject, 'metadata'>): number =>
  Number.parseInt(metadata.annotations?.[SYNC_WAVE] ?? '', 10) || 0;

/** Order within a wave: dependencies first. Unlisted kinds come last, sorted by name. */
const ORDER = Object.keys(WAVE_OF);

/** Returns the wave of a kind. Custom resources are in the wave of workloads, after their definitions. */
const waveOf = (kind: string): WaveName => WAVE_OF[kind] ?? 'workloads';

/** Compares objects by the order in which they are written, which is the reverse order of removal. */
export function byOrder(
  a: Pick<KubernetesObject, 'kind' | 'metadata'>,
  b: Pick<KubernetesObject, 'kind' | 'metadata'>,
): number {
  const wave = WAVES.indexOf(waveOf(a.kind)) - WAVES.indexOf(waveOf(b.kind));
  if (wave !== 0) return wave;
  const rank = (kind: string) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);
  return (
    rank(a.kind) - rank(b.kind) || (a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0)
  );
}

/**
 * Groups planned objects into waves, without empty ones. Objects with different waves of Argo CD are in several waves of
 * the same name.
 */
export function inWaves(objects: readonly PlannedObject[]): readonly Wave[] {
  const sorted = objects.toSorted((a, b) => byOrder(a.object, b.object));
  return WAVES.flatMap((name) => {
    const own = sorted.filter(({ object }) => waveOf(object.kind) === name);
    const turns = [...new Set(own.map(({ object }) => syncWaveOf(object)))].toSorted((a, b) => a - b);
    return turns.map((turn) => ({ name, objects: own.filter(({ object }) => syncWaveOf(object) === turn) }));
  });
}

/** Kinds that are never pruned, since that would delete data or objects of others. */
export const NEVER_PRUNED: ReadonlySet<string> = new Set([
  'PersistentVolumeClaim',
  'PersistentVolume',
  'Namespace',
  'CustomResourceDefinition',
]);
