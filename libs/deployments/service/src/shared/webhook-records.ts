/** The application that has a webhook. */
interface Owner {
  readonly organizationId: string;
  readonly applicationId: string;
}

/** Prefix of all records of webhooks. */
export const WEBHOOK_RECORDS = 'webhook/';

/** Returns the prefix of the records of all webhooks of an application. */
export const webhookRecordsOf = ({ organizationId, applicationId }: Owner): string =>
  `${WEBHOOK_RECORDS}${organizationId}/${applicationId}/`;

/** Returns the vault records of a webhook. */
export function webhookRecords(owner: Owner, id: string) {
  const all = `${webhookRecordsOf(owner)}${id}/`;
  return {
    all,
    secret: `${all}secret`,
    /** Time and outcome of the last delivery. */
    last: `${all}last`,
    /** Exists for a while after the delivery with this key was received. */
    delivery: (key: string) => `${all}delivery/${key}`,
  };
}

/** Returns application and webhook of a record. Undefined for a name of another form. */
export function readWebhookRecord(name: string): { readonly applicationId: string; readonly id: string } | undefined {
  const [, applicationId, id] = /^webhook\/[^/]+\/([^/]+)\/([^/]+)\//.exec(name) ?? [];
  return applicationId !== undefined && id !== undefined ? { applicationId, id } : undefined;
}
