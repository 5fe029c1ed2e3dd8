import { groupOf, type KubernetesObject } from './objects.ts';
import { HOOK_ANNOTATION } from './ownership.ts';
import type { Hook, HookPhase } from './plan.types.ts';
import { byOrder, NEVER_PRUNED } from './waves.ts';

/** What a deployment does for an application, which determines its hooks. `none` runs no hooks. */
export type HookEvent = 'install' | 'upgrade' | 'rollback' | 'none';

export interface SplitObjects {
  /** Objects that are not hooks. */
  readonly objects: readonly KubernetesObject[];
  /** Hooks of this deployment, in the order in which they run. An object can be a hook of both phases. */
  readonly hooks: readonly Hook[];
  /** Hooks of other deployments. */
  readonly otherHooks: readonly KubernetesObject[];
}

const HOOK = 'helm.sh/hook';
const WEIGHT = 'helm.sh/hook-weight';
const DELETE_POLICY = 'helm.sh/hook-delete-policy';

/** Annotations of a hook that runs before each deployment, as `helm.sh` defines them. */
export const preDeployHook = (deletePolicy: readonly ('before-hook-creation' | 'hook-succeeded')[]) => ({
  [HOOK]: 'pre-install,pre-upgrade,pre-rollback',
  [DELETE_POLICY]: deletePolicy.join(','),
});

const PHASES: readonly HookPhase[] = ['pre-deploy', 'post-deploy'];
const PREFIXES: Readonly<Record<HookPhase, string>> = { 'pre-deploy': 'pre-', 'post-deploy': 'post-' };
const DEPLOYING = ['install', 'upgrade', 'rollback'] as const;

/** Events of helm at which an object is a hook; none for other objects. Helm 3 and 4 ignore `crd-install`. */
const hookEventsOf = (object: KubernetesObject): readonly string[] =>
  words(object, HOOK).filter((event) => event !== 'crd-install');

/** Returns whether a hook runs during deployments; others are for tests and deletions. */
const runsInDeployments = (events: readonly string[]): boolean =>
  PHASES.some((phase) => DEPLOYING.some((event) => events.includes(`${PREFIXES[phase]}${event}`)));

/** Separates the hooks of a deployment from the other objects. */
export function splitHooks(objects: readonly KubernetesObject[], event: HookEvent): SplitObjects {
  const hooks: Hook[] = [];
  const otherHooks: KubernetesObject[] = [];
  const others = objects.filter((object) => {
    const events = hookEventsOf(object);
    if (events.length === 0) return true;
    const phases = PHASES.filter((phase) => events.includes(`${PREFIXES[phase]}${event}`));
    hooks.push(...phases.map((phase) => hookOf(object, phase)));
    if (phases.length === 0) otherHooks.push(object);
    return false;
  });
  return { objects: others, hooks: hooks.toSorted(byTurn), otherHooks };
}

/** As in helm: by phase, then by weight, then by kind and name. */
const byTurn = (a: Hook, b: Hook): number =>
  PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) || a.weight - b.weight || byOrder(a.object, b.object);

function hookOf(object: KubernetesObject, phase: HookPhase): Hook {
  const policies = words(object, DELETE_POLICY);
  const { metadata } = object;
  return {
    phase,
    object: {
      ...object,
      metadata: { ...metadata, annotations: { ...metadata.annotations, [HOOK_ANNOTATION]: phase } },
    },
    weight: Number.parseInt(metadata.annotations?.[WEIGHT] ?? '', 10) || 0,
    // A Job or Pod can run only once. Without a policy, nothing that contains data is deleted.
    isRecreated:
      runsToCompletion(object) ||
      policies.includes('before-hook-creation') ||
      (policies.length === 0 && !NEVER_PRUNED.has(object.kind)),
    isDeletedWhen: { succeeded: policies.includes('hook-succeeded'), failed: policies.includes('hook-failed') },
  };
}

/** Returns whether a hook of this kind is awaited. Other kinds count as completed when they are applied. */
export const runsToCompletion = ({ apiVersion, kind }: KubernetesObject): boolean =>
  (kind === 'Job' && groupOf(apiVersion) === 'batch') || (kind === 'Pod' && groupOf(apiVersion) === '');

const words = ({ metadata: { annotations } }: KubernetesObject, annotation: string): readonly string[] =>
  (annotations?.[annotation] ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

/** Objects that are deployed, and a sentence about the hooks that never run. */
interface WithoutHooks {
  readonly objects: readonly KubernetesObject[];
  readonly warnings: readonly string[];
}

/** Leaves out hooks that no deployment runs. Those for tests are left out without a warning, as helm does. */
export function withoutOtherHooks(objects: readonly KubernetesObject[]): WithoutHooks {
  const left: string[] = [];
  const kept = objects.filter((object) => {
    const events = hookEventsOf(object);
    if (events.length === 0) return true;
    const deleting = events.filter((event) => /^(pre|post)-delete$/.test(event));
    if (deleting.length > 0) left.push(`${object.kind} ${object.metadata.name} (${deleting.join(', ')})`);
    return runsInDeployments(events);
  });
  return {
    objects: kept,
    warnings: left.length > 0 ? [`hooks for deletions, which do not run: ${listed(left)}`] : [],
  };
}

const listed = (names: readonly string[]): string =>
  names.length > 10 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more` : names.join(', ');
