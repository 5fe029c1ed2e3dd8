import type { Json, JsonObject } from '#kernel';
import type { KubeObject, StoreReader } from '../store.ts';
import { at, namespaceOf, objectsAt, textAt } from './fields.ts';
import { imageRule } from './image-rules.ts';

/** Returns a kubelet's message about a missing configuration object; undefined if it exists. */
function missing(
  store: StoreReader,
  namespace: string,
  kind: 'configmap' | 'secret',
  source: Json | undefined,
  name: string | undefined,
): string | undefined {
  if (name === undefined || at(source, 'optional') === true) return undefined;
  const found = store.get({ resource: `${kind}s`, namespace, name });
  if (!found) return `${kind} "${name}" not found`;
  const key = textAt(source, 'key');
  if (key === undefined || at(found, 'data', key) !== undefined || at(found, 'binaryData', key) !== undefined)
    return undefined;
  return `couldn't find key ${key} in ${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${namespace}/${name}`;
}

/** Returns why a container cannot be configured: sources of variables, or a user that is not allowed. */
export function configurationProblem(
  pod: KubeObject,
  container: JsonObject,
  podName: string,
  store: StoreReader,
): string | undefined {
  const namespace = namespaceOf(pod);
  const one = (kind: 'configmap' | 'secret', source: Json | undefined) =>
    missing(store, namespace, kind, source, textAt(source, 'name'));
  const sources = [
    ...objectsAt(container, 'envFrom').flatMap((from) => [
      one('configmap', from['configMapRef']),
      one('secret', from['secretRef']),
    ]),
    ...objectsAt(container, 'env').flatMap((variable) => [
      one('configmap', at(variable, 'valueFrom', 'configMapKeyRef')),
      one('secret', at(variable, 'valueFrom', 'secretKeyRef')),
    ]),
  ];
  return sources.find((found) => found !== undefined) ?? userProblem(pod, container, podName);
}

function userProblem(pod: KubeObject, container: JsonObject, podName: string): string | undefined {
  const asked = (field: string): Json | undefined =>
    at(container, 'securityContext', field) ?? at(pod, 'spec', 'securityContext', field);
  if (asked('runAsNonRoot') !== true) return undefined;
  const user = asked('runAsUser');
  const where = `(pod: "${podName}", container: ${textAt(container, 'name') ?? ''})`;
  if (user === 0) return `container's runAsUser breaks non-root policy ${where}`;
  return user === undefined && imageRule(textAt(container, 'image') ?? '').root
    ? `container has runAsNonRoot and image will run as root ${where}`
    : undefined;
}

/** Returns why a volume cannot be mounted, in a kubelet's wording. */
export function mountProblem(pod: KubeObject, store: StoreReader): string | undefined {
  const namespace = namespaceOf(pod);
  for (const volume of objectsAt(pod, 'spec', 'volumes')) {
    const from = [
      { configMap: volume['configMap'], secret: volume['secret'] },
      ...objectsAt(volume, 'projected', 'sources'),
    ];
    for (const source of from) {
      const [configMap, secret] = [at(source, 'configMap'), at(source, 'secret')];
      const found =
        missing(store, namespace, 'configmap', configMap, textAt(configMap, 'name')) ??
        missing(store, namespace, 'secret', secret, textAt(secret, 'secretName') ?? textAt(secret, 'name'));
      if (found !== undefined)
        return `MountVolume.SetUp failed for volume "${textAt(volume, 'name') ?? ''}" : ${found}`;
    }
  }
  return undefined;
}

/** Returns why a pod's claims are not ready. Both the kubelet and the scheduler wait until all are bound. */
export function claimProblem(pod: KubeObject, store: StoreReader): string | undefined {
  for (const volume of objectsAt(pod, 'spec', 'volumes')) {
    const name = textAt(volume, 'persistentVolumeClaim', 'claimName');
    if (name === undefined) continue;
    const claim = store.get({ resource: 'persistentvolumeclaims', namespace: namespaceOf(pod), name });
    if (!claim) return `persistentvolumeclaim "${name}" not found`;
    if (textAt(claim, 'status', 'phase') !== 'Bound') return 'pod has unbound immediate PersistentVolumeClaims';
  }
  return undefined;
}
