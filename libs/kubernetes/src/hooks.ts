import { groupOf, type KubernetesObject } from './objects.ts';
import { HOOK_ANNOTATION } from './ownership.ts';
import { HOOK_PHASES, type Hook, type HookPhase } from './plan.types.ts';
import { byOrder, NEVER_PRUNED, SYNC_WAVE } from './waves.ts';

/** What is done to an application, which determines the hooks. `none` runs no hooks. */
export type HookEvent = 'install' | 'upgrade' | 'rollback' | 'delete' | 'none';

export interface SplitObjects {
  /** Objects that are not hooks. */
  readonly objects: readonly KubernetesObject[];
  /** Hooks of this event, in the order in which they run. An object can be a hook of both phases. */
  readonly hooks: readonly Hook[];
  /** Hooks of other events. */
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

/** Annotations of Argo CD, which count for objects without that of helm. */
const ARGO_HOOK = 'argocd.argoproj.io/hook';
const ARGO_DELETE_POLICY = 'argocd.argoproj.io/hook-delete-policy';

const DEPLOYING = ['install', 'upgrade', 'rollback'] as const;
const EVENTS = [...DEPLOYING, 'delete'] as const;

/** Hooks of Argo CD in the words of helm. */
const ARGO_HOOKS: ReadonlyMap<string, readonly string[]> = new Map([
  ['PreSync', DEPLOYING.map((event) => `pre-${event}`)],
  ['PostSync', DEPLOYING.map((event) => `post-${event}`)],
  ['PreDelete', ['pre-delete']],
  ['PostDelete', ['post-delete']],
]);
/** Hooks of Argo CD that have no equivalent. They are not deployed. */
const ARGO_LEFT_OUT: ReadonlySet<string> = new Set(['Skip', 'SyncFail']);
const ARGO_POLICIES: ReadonlyMap<string, string> = new Map([
  ['BeforeHookCreation', 'before-hook-creation'],
  ['HookSucceeded', 'hook-succeeded'],
  ['HookFailed', 'hook-failed'],
]);

/**
 * Events of helm at which an object is a hook; none for other objects. Helm 3 and 4 ignore `crd-install`, and words that
 * Argo CD does not know do not make a hook.
 */
function hookEventsOf(object: KubernetesObject): readonly string[] {
  const events = words(object, HOOK).filter((event) => event !== 'crd-install');
  return events.length > 0 ? events : words(object, ARGO_HOOK).flatMap((type) => ARGO_HOOKS.get(type) ?? []);
}

/** Returns the hooks of Argo CD that an object is, if it is none of helm. */
const argoHooksOf = (object: KubernetesObject): readonly string[] =>
  words(object, HOOK).length > 0 ? [] : words(object, ARGO_HOOK);

/** Returns in which phases of an event a hook runs. */
const phasesOf = (events: readonly string[], event: HookEvent): readonly HookPhase[] =>
  HOOK_PHASES.filter(
    (phase) =>
      phase.endsWith('-delete') === (event === 'delete') && events.includes(`${phase.split('-', 1)[0]}-${event}`),
  );

/** Separates the hooks of an event from the other objects. */
export function splitHooks(objects: readonly KubernetesObject[], event: HookEvent): SplitObjects {
  const hooks: Hook[] = [];
  const otherHooks: KubernetesObject[] = [];
  const others = objects.filter((object) => {
    const events = hookEventsOf(object);
    if (events.length === 0) return true;
    const phases = phasesOf(events, event);
    hooks.push(...phases.map((phase) => hookOf(object, phase)));
    if (phases.length === 0) otherHooks.push(object);
    return false;
  });
  return { objects: others, hooks: hooks.toSorted(byTurn), otherHooks };
}

/** As in helm: by phase, then by weight, then by kind and name. */
const byTurn = (a: Hook, b: Hook): number =>
  HOOK_PHASES.indexOf(a.phase) - HOOK_PHASES.indexOf(b.phase) || a.weight - b.weight || byOrder(a.object, b.object);

function hookOf(object: KubernetesObject, phase: HookPhase): Hook {
  const policies = words(object, DELETE_POLICY).concat(
    argoHooksOf(object).length > 0
      ? words(object, ARGO_DELETE_POLICY).flatMap((policy) => ARGO_POLICIES.get(policy) ?? [])
      : [],
  );
  const { metadata } = object;
  const weight = metadata.annotations?.[WEIGHT] ?? metadata.annotations?.[SYNC_WAVE] ?? '';
  return {
    phase,
    object: {
      ...object,
      metadata: { ...metadata, annotations: { ...metadata.annotations, [HOOK_ANNOTATION]: phase } },
    },
    weight: Number.parseInt(weight, 10) || 0,
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

/** Objects that are deployed, and sentences about hooks that do not run as such. */
interface WithoutHooks {
  readonly objects: readonly KubernetesObject[];
  readonly warnings: readonly string[];
}

/** Leaves out hooks that never run. Those for tests are left out without a warning, as helm does. */
export function withoutOtherHooks(objects: readonly KubernetesObject[]): WithoutHooks {
  const left: string[] = [];
  const plain: string[] = [];
  const kept = objects.filter((object) => {
    const name = `${object.kind} ${object.metadata.name}`;
    const events = hookEventsOf(object);
    const argo = argoHooksOf(object);
    if (argo.includes('SyncFail')) left.push(`${name} (SyncFail)`);
    if (argo.includes('Skip')) return false;
    if (events.length > 0) return EVENTS.some((event) => phasesOf(events, event).length > 0);
    if (argo.includes('Sync')) plain.push(`${name} (Sync)`);
    return argo.includes('Sync') || !argo.some((type) => ARGO_LEFT_OUT.has(type));
  });
  return {
    objects: kept,
    warnings: [
      ...(left.length > 0 ? [`hooks of Argo CD that do not run: ${listed(left)}`] : []),
      ...(plain.length > 0 ? [`hooks of Argo CD that are deployed with the other objects: ${listed(plain)}`] : []),
    ],
  };
}

const listed = (names: readonly string[]): string =>
  names.length > 10 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more` : names.join(', ');
