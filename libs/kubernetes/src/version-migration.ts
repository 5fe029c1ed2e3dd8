import { KubernetesApiError, type ClientCallOptions, type KubernetesClient } from './client.ts';
import { at, groupOf, list, record, text, type KubernetesObject, type ResourceType } from './objects.ts';
import { FIELD_MANAGER } from './ownership.ts';

/**
 * Returns whether a server-side apply failed because of `managedFields` in another version of the API. The server
 * converts the object to that version, and fails if it has a field that the version does not declare, such as a default
 * of a newer one (kubernetes/kubernetes#107417). An undeclared field in the manifest has another message.
 */
export const needsMigration = (error: unknown, live: KubernetesObject, apiVersion: string): boolean =>
  error instanceof KubernetesApiError &&
  /field not declared in schema/.test(error.message) &&
  !error.message.startsWith('failed to create typed patch object') &&
  inVersion(live, apiVersion) !== undefined;

/**
 * Changes the version of all `managedFields` to that of the manifest, which keeps their owners. Repeating it has no
 * effect.
 * @throws KubernetesApiError with status 409 if the object changes at the same time
 */
export async function migrateVersion(
  client: KubernetesClient,
  type: ResourceType,
  { apiVersion, metadata: { name, namespace } }: KubernetesObject,
  call: ClientCallOptions,
): Promise<void> {
  const live = await client.get(type, name, namespace, call);
  const managedFields = live && inVersion(live, apiVersion);
  if (!live || !managedFields) return;
  const body = [
    { op: 'replace', path: '/metadata/managedFields', value: managedFields },
    // a precondition: the server refuses another resourceVersion
    { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
  ];
  const where = { name, ...(namespace !== undefined && { namespace }) };
  await client.patch(type, where, { kind: 'json', body }, { fieldManager: FIELD_MANAGER, ...call });
}

/** Returns `managedFields` in one version; undefined if all are in it. */
function inVersion({ metadata }: KubernetesObject, apiVersion: string): readonly unknown[] | undefined {
  const entries = list(metadata['managedFields']);
  const isOther = (entry: unknown): boolean => {
    const version = text(at(entry, 'apiVersion')) ?? apiVersion;
    return version !== apiVersion && groupOf(version) === groupOf(apiVersion);
  };
  return entries.some(isOther)
    ? entries.map((entry) => (isOther(entry) ? { ...record(entry), apiVersion } : entry))
    : undefined;
}
