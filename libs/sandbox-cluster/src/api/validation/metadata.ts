import type { Json, JsonObject } from '#kernel';
import { sameJson, type ResourceData } from '#kubernetes/schemas';
import type { KubeObject } from '../../store.ts';
import { metadataOf, ruleKind } from '../names.ts';
import { causes, type Cause } from '../status.ts';
import {
  dnsLabel,
  dnsSubdomain,
  entries,
  labelMap,
  list,
  pathSegment,
  qualifiedName,
  text,
  trees,
  word,
  type WordRule,
} from './words.ts';

const ANNOTATION_BYTES = 262_144;
/** Finalizers without a domain that Kubernetes itself uses. */
const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** Name rules of kinds whose names are not DNS subdomains. */
const NAMES: Readonly<Record<string, WordRule>> = {
  Namespace: dnsLabel,
  Service: dnsLabel,
  Role: pathSegment,
  RoleBinding: pathSegment,
  ClusterRole: pathSegment,
  ClusterRoleBinding: pathSegment,
};

/** Validates name, labels, annotations, owner references, and finalizers. */
export function validateMetadata(resource: ResourceData, object: JsonObject): Cause[] {
  const { namespaced } = resource;
  const kind = ruleKind(resource);
  const metadata = metadataOf(object);
  const name = text(metadata['name']);
  const generated = text(metadata['generateName']);
  return [
    ...(name === '' && generated === '' ? [causes.required('metadata.name', 'name or generateName is required')] : []),
    ...(name === '' ? [] : word(name, 'metadata.name', NAMES[kind] ?? dnsSubdomain)),
    ...(namespaced || text(metadata['namespace']) === ''
      ? []
      : [causes.forbidden('metadata.namespace', 'not allowed on this type')]),
    ...(kind === 'Namespace'
      ? labelMap(metadata['labels'], 'metadata.labels').sort((a) => (a.field === 'metadata.name' ? 1 : -1))
      : labelMap(metadata['labels'], 'metadata.labels')),
    ...validateAnnotations(metadata['annotations']),
    ...owners(trees(metadata['ownerReferences'])),
    ...list(metadata['finalizers']).flatMap((finalizer, index) => validateFinalizer(text(finalizer), index)),
  ];
}

function validateAnnotations(annotations: Json | undefined): Cause[] {
  const given = entries(annotations);
  const bytes = given.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(text(value)), 0);
  return [
    ...given
      .flatMap(([key]) => word(key, 'metadata.annotations', (name) => qualifiedName(name.toLowerCase())))
      .map((cause) => cause),
    ...(bytes > ANNOTATION_BYTES ? [causes.tooLong('metadata.annotations', ANNOTATION_BYTES)] : []),
  ];
}

/** Validates owner references, of which at most one may be the controller. */
function owners(references: readonly JsonObject[]): Cause[] {
  const ruling = references
    .filter((reference) => reference['controller'] === true)
    .map((reference) => `${text(reference['kind'])}/${text(reference['name'])}`);
  const both = `Only one reference can have Controller set to true. Found "true" in references for ${ruling[0]} and ${ruling[1]}`;
  return [
    ...references.flatMap(owner),
    ...(ruling.length > 1 ? [causes.invalid('metadata.ownerReferences', references.map(inOrder), both)] : []),
  ];
}

/** Returns a reference with its members in the order of the server's messages. */
const inOrder = (reference: JsonObject): JsonObject =>
  Object.fromEntries(
    ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'].flatMap((name) =>
      reference[name] === undefined ? [] : [[name, reference[name]]],
    ),
  );

function owner(reference: JsonObject): Cause[] {
  const need = (field: string) =>
    text(reference[field]) === ''
      ? [
          causes.invalid(
            `metadata.ownerReferences.${field}`,
            '',
            field === 'apiVersion' ? 'version must not be empty' : 'must not be empty',
          ),
        ]
      : [];
  const isEvent = reference['kind'] === 'Event' && reference['apiVersion'] === 'v1';
  return [
    ...need('apiVersion'),
    ...need('kind'),
    ...need('name'),
    ...need('uid'),
    ...(isEvent
      ? [
          causes.invalid(
            'metadata.ownerReferences',
            inOrder(reference),
            '/v1, Kind=Event is disallowed from being an owner',
          ),
        ]
      : []),
  ];
}

function validateFinalizer(finalizer: string, index: number): Cause[] {
  const field = `metadata.finalizers[${index}]`;
  const faults = word(finalizer, field, qualifiedName);
  if (faults.length > 0 || finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)) return faults;
  return [causes.invalid(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')];
}

/**
 * Validates immutable metadata.
 * @param asked the object of the request, before the server's metadata was restored
 */
export function validateMetadataUpdate(live: KubeObject, asked: JsonObject): Cause[] {
  const given = metadataOf(asked);
  const differs = (field: string) =>
    given[field] !== undefined &&
    given[field] !== null &&
    given[field] !== '' &&
    !sameJson(given[field], live.metadata[field] as Json | undefined);
  const fixed = ['uid', 'deletionTimestamp', 'deletionGracePeriodSeconds']
    .filter(differs)
    .map((field) => causes.invalid(`metadata.${field}`, given[field], 'field is immutable'));
  const isEnding = live.metadata.deletionTimestamp !== undefined;
  const added = list(given['finalizers']).filter(
    (finalizer) => !(live.metadata.finalizers ?? []).includes(text(finalizer)),
  );
  return [
    ...fixed,
    ...(isEnding && added.length > 0
      ? [
          causes.forbidden(
            'metadata.finalizers',
            `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`,
          ),
        ]
      : []),
  ];
}
