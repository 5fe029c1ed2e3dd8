import type { JsonObject } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import type { ApiStatus } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { metadataOf } from './names.ts';
import { about, badRequest, failure, groupResource, modified } from './status.ts';

/** Refuses a body whose name or namespace differs from the URL's. */
export function mismatch(
  resource: ResourceData,
  namespace: string,
  body: JsonObject,
  name?: string,
): ApiStatus | undefined {
  const metadata = metadataOf(body);
  const [saidName, saidSpace] = [metadata['name'], metadata['namespace']];
  if (name !== undefined) {
    if (typeof saidName === 'string' && saidName !== '' && saidName !== name)
      return badRequest(`the name of the object (${saidName}) does not match the name on the URL (${name})`);
    if (resource.namespaced && typeof saidSpace === 'string' && saidSpace !== '' && saidSpace !== namespace)
      return badRequest('the namespace of the provided object does not match the namespace sent on the request');
    return undefined;
  }
  return resource.namespaced && typeof saidSpace === 'string' && saidSpace !== '' && saidSpace !== namespace
    ? badRequest('the namespace of the provided object does not match the namespace sent on the request')
    : undefined;
}

/**
 * Refuses a write whose UID or resourceVersion is not that of the stored object. For a patch, validation checks the
 * UID.
 */
export function staleness(
  resource: ResourceData,
  live: KubeObject,
  body: JsonObject,
  isPatch: boolean,
): ApiStatus | undefined {
  const { resourceVersion, uid } = metadataOf(body);
  const { name, namespace } = live.metadata;
  if (!isPatch && typeof uid === 'string' && uid !== '' && uid !== live.metadata.uid) {
    const key = `/registry/${resource.plural}/${namespace === undefined ? '' : `${namespace}/`}${name}`;
    const text = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`;
    return failure(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ${groupResource(resource)} "${name}": ${text}`,
      about(resource, name),
    );
  }
  if (
    typeof resourceVersion !== 'string' ||
    resourceVersion === '' ||
    resourceVersion === live.metadata.resourceVersion
  )
    return undefined;
  return /^\d+$/.test(resourceVersion)
    ? modified(resource, name)
    : failure(500, '', `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
}
