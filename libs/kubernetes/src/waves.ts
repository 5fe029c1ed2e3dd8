import type { KubernetesObject } from './objects.ts';
import { WAVES, type PlannedObject, type Wave } from './plan.types.ts';

type WaveName = (typeof WAVES)[number];

const WAVE_OF: Readonly<Record<string, WaveName>> = {
  Namespace: 'namespaces',
  CustomResourceDefinition: 'cluster',
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

/** Order inside a wave: what others refer to first. Kinds that are not named come last, by name. */
const ORDER = Object.keys(WAVE_OF);

/** The wave of a kind; custom resources go with the workloads, behind their definitions. */
const waveOf = (kind: string): WaveName => WAVE_OF[kind] ?? 'workloads';

/** Compares objects in the order in which they are written; reversed, it is the order in which they are removed. */
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

/** Planned objects in waves, empty ones left out. */
export function inWaves(objects: readonly PlannedObject[]): readonly Wave[] {
  const sorted = objects.toSorted((a, b) => byOrder(a.object, b.object));
  return WAVES.map((name) => ({ name, objects: sorted.filter(({ object }) => waveOf(object.kind) === name) })).filter(
    (wave) => wave.objects.length > 0,
  );
}

/** Never removed because they are missing from a new set: people lose data with them, or others' objects. */
export const NEVER_PRUNED: ReadonlySet<string> = new Set([
  'PersistentVolumeClaim',
  'PersistentVolume',
  'Namespace',
  'CustomResourceDefinition',
]);
