import type { KubernetesObject } from '#kubernetes';

const HOOK = 'helm.sh/hook';
/** Hooks that helm runs before or with a deployment. All others are for tests, rollbacks, and deletions. */
const DEPLOYING = new Set(['pre-install', 'post-install', 'pre-upgrade', 'post-upgrade', 'crd-install']);

/** Objects of a chart that are deployed, and a sentence about the hooks among them. */
export interface WithoutHooks {
  readonly objects: readonly KubernetesObject[];
  readonly warnings: readonly string[];
}

/**
 * Leaves out the hooks of a chart that do not belong to a deployment. Hooks of a deployment are deployed with the other
 * objects, in the order of their kinds.
 */
export function withoutOtherHooks(objects: readonly KubernetesObject[]): WithoutHooks {
  const kept: KubernetesObject[] = [];
  const left: string[] = [];
  const early: string[] = [];
  for (const object of objects) {
    const hooks = hooksOf(object);
    const name = `${object.kind} ${object.metadata.name}`;
    if (hooks.length > 0 && !hooks.some((hook) => DEPLOYING.has(hook))) {
      left.push(`${name} (${hooks.join(', ')})`);
      continue;
    }
    kept.push(object);
    if (hooks.length > 0 && ['Job', 'Pod'].includes(object.kind)) early.push(`${name} (${hooks.join(', ')})`);
  }
  return {
    objects: kept,
    warnings: [
      ...(left.length > 0 ? [`hooks that are not deployed: ${listed(left)}`] : []),
      ...(early.length > 0
        ? [`hooks that run with the other workloads, not before or after them: ${listed(early)}`]
        : []),
    ],
  };
}

const hooksOf = ({ metadata: { annotations } }: KubernetesObject): readonly string[] =>
  (annotations?.[HOOK] ?? '')
    .split(',')
    .map((hook) => hook.trim())
    .filter((hook) => hook !== '');

const listed = (names: readonly string[]): string =>
  names.length > 10 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more` : names.join(', ');
