import { sourceText, type PinnedSource, type reportStepRequest } from '#deployments/contract';
import type { InputOf } from '#bus/contract';
import type { ApplicationHealth, FieldChange, KubernetesObject, PlannedChange } from '#kubernetes';
import { at, count, list, text } from '../cluster/json.ts';
import { shortName } from './inventory.ts';

type PlannedStep = Extract<InputOf<typeof reportStepRequest>['step'], { step: 'planned' }>['plan'];
/** A change in a reported plan. */
export type ReportedChange = PlannedStep['changes'][number];

/**
 * Maximum size of all changes in UTF-16 code units. An event has at most 64 KiB and contains inventory and warnings
 * too.
 */
const CHANGES_SIZE = 24_000;
const FIELDS_PER_CHANGE = 50;
/** Fields whose values are never secret and that users look for first. */
const SHOWN = /\/(image|replicas|minReplicas|maxReplicas)$/;

/** Returns a plan as text that may be stored: paths of fields, and values of some fields that are never secret. */
export function reportedChanges(changes: readonly PlannedChange[], targetNamespace: string): ReportedChange[] {
  const reported = changes.flatMap((change): ReportedChange[] => {
    const object = shortName(change.key, targetNamespace);
    switch (change.action) {
      case 'create':
      case 'create-later':
        return [{ object, action: 'create', fields: [], takesBackFrom: null }];
      case 'update': {
        const managers = [...new Set(change.takesBackFrom.map(({ manager }) => manager))].sort();
        return [
          {
            object,
            action: 'update',
            fields: change.changes.slice(0, FIELDS_PER_CHANGE).map(fieldText),
            takesBackFrom: managers.length === 0 ? null : managers.join(', '),
          },
        ];
      }
      case 'unchanged':
        return [{ object, action: 'unchanged', fields: [], takesBackFrom: null }];
      case 'prune':
        return [{ object, action: 'delete', fields: [], takesBackFrom: null }];
      case 'keep':
        return [];
    }
  });
  let left = CHANGES_SIZE;
  return reported.map((change) => {
    const size = JSON.stringify(change).length;
    left -= size;
    return left > 0 || change.fields.length === 0 ? change : { ...change, fields: [`${change.fields.length} fields`] };
  });
}

/** Returns a sentence for each object that is kept although the new revision does not contain it. */
export const keptWarnings = (changes: readonly PlannedChange[], targetNamespace: string): string[] =>
  changes.flatMap((change) =>
    change.action === 'keep' ? [`${shortName(change.key, targetNamespace)} stays: ${change.why}`] : [],
  );

const fieldText = ({ pointer, before, after }: FieldChange): string => {
  const path = pathOf(pointer);
  return SHOWN.test(pointer) ? `${path}: ${before ?? '-'} -> ${after ?? '-'}`.slice(0, 300) : path;
};

/** Converts a JSON pointer: `/spec/containers/0/image` becomes `spec.containers[0].image`. */
export const pathOf = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`), '');

/** Returns the address of the application: the first rule of its first Ingress. Null without one. */
export function endpointOf(objects: readonly KubernetesObject[]): string | null {
  for (const object of objects) {
    if (object.kind !== 'Ingress') continue;
    const host = list(at(object, 'spec', 'rules')).flatMap((rule) => text(at(rule, 'host')) ?? [])[0];
    if (host === undefined) continue;
    const secure = list(at(object, 'spec', 'tls')).some((tls) => list(at(tls, 'hosts')).includes(host));
    return `${secure ? 'https' : 'http'}://${host}`;
  }
  return null;
}

/** Returns the message about a healthy application, or one in progress. */
export function healthText({
  state,
  message,
  replicas,
}: Pick<ApplicationHealth, 'state' | 'message' | 'replicas'>): string {
  const counted = replicasWords(replicas);
  if (state === 'Healthy') return counted === null ? 'all objects ready' : `${counted} ready`;
  const words = message === '' ? state : message;
  return counted === null ? words : `${counted} ready: ${words}`;
}

/** Returns the image of the first workload that has one, without tag and digest. */
export function imageOf(objects: readonly KubernetesObject[]): string | undefined {
  for (const object of objects) {
    const image = list(at(object, 'spec', 'template', 'spec', 'containers')).flatMap(
      (container) => text(at(container, 'image')) ?? [],
    )[0];
    if (image !== undefined) return imageName(image);
  }
  return undefined;
}

/** Returns an image reference without tag and digest. */
const imageName = (reference: string): string => reference.replace(/@sha256:[0-9a-f]+$/, '').replace(/:[^:/]+$/, '');

/** Returns text such as `3/3`. Null if nothing is counted. */
export const replicasWords = ({ wanted, ready }: { readonly wanted: number; readonly ready: number }): string | null =>
  wanted === 0 && ready === 0 ? null : `${ready}/${wanted}`;

/** Returns the image, or the source of the manifests. */
export function fetchedText(
  source:
    | { readonly type: 'image'; readonly workload: { readonly image: string } }
    | { readonly type: 'yaml' }
    | PinnedSource,
): string {
  switch (source.type) {
    case 'image':
      return `image ${source.workload.image}`;
    case 'yaml':
      return 'yaml inline';
    case 'git':
    case 'helm':
      return sourceText(source);
  }
}

/**
 * Returns what serves while the newest revision does not: the pods of older ReplicaSets.
 * @param replicaSets all ReplicaSets of one Deployment
 * @param deployment its present state
 * @param revisionOf returns the revision of a ReplicaSet, if known
 */
export function servingText(
  deployment: KubernetesObject,
  replicaSets: readonly KubernetesObject[],
  revisionOf: (replicaSet: KubernetesObject) => number | undefined,
): string {
  const newest = rolloutNumber(deployment);
  const older = replicaSets.filter(
    (set) => rolloutNumber(set) < newest && count(at(set, 'status', 'readyReplicas')) > 0,
  );
  const serving = older.toSorted(
    (a, b) => count(at(b, 'status', 'readyReplicas')) - count(at(a, 'status', 'readyReplicas')),
  )[0];
  if (!serving) return 'No revision is serving traffic';
  const wanted = at(deployment, 'spec', 'replicas');
  const ready = older.reduce((sum, set) => sum + count(at(set, 'status', 'readyReplicas')), 0);
  const revision = revisionOf(serving);
  return `${revision === undefined ? 'The previous version' : `v${revision}`} still serves, ${ready}/${typeof wanted === 'number' ? wanted : 1} ready`;
}

/** Number that the Deployment controller assigns to a template. The Deployment has that of the newest. */
const rolloutNumber = (object: KubernetesObject): number =>
  Number(object.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);

/** Annotation of objects, which the Deployment controller copies to ReplicaSets. It begins with the revision. */
export const attemptMark = ({
  revision,
  attemptNumber,
}: {
  readonly revision: number;
  readonly attemptNumber: number;
}): string => `v${revision}.${attemptNumber}`;

/** Returns the revision in such an annotation. */
export function revisionOfMark(mark: string | undefined): number | undefined {
  const revision = /^v(\d{1,9})\./.exec(mark ?? '')?.[1];
  return revision === undefined ? undefined : Number(revision);
}
