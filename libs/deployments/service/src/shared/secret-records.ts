/** The application that has a secret. */
export interface SecretOwner {
  readonly organizationId: string;
  readonly applicationId: string;
}

/** Prefix of all records with values of secrets. */
export const SECRET_RECORDS = 'secret/';

/** Returns the prefix of the records with an application's secrets. */
export const secretRecordsOf = ({ organizationId, applicationId }: SecretOwner): string =>
  `${SECRET_RECORDS}${organizationId}/${applicationId}/`;

/**
 * Returns the vault record with a value. Its name depends on the value, so that no other value is ever stored under it,
 * even if several requests set the same key at once.
 */
export const secretRecord = (owner: SecretOwner, key: string, fingerprint: string): string =>
  `${secretRecordsOf(owner)}${key}/${fingerprint}`;

/** Returns owner, key, and fingerprint of a record. Undefined for a name of another form. */
export function readSecretRecord(
  name: string,
): (SecretOwner & { readonly key: string; readonly fingerprint: string }) | undefined {
  const [, organizationId, applicationId, key, fingerprint] =
    /^secret\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(name) ?? [];
  return organizationId !== undefined && applicationId !== undefined && key !== undefined && fingerprint !== undefined
    ? { organizationId, applicationId, key, fingerprint }
    : undefined;
}
