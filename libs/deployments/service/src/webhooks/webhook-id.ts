/** Characters of a webhook's id after that of its application. */
const OWN = /^[0-9a-f]{16}$/;
const FORM = /^wh_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})([0-9a-f]{16})$/;

/**
 * Returns the id of a webhook. It begins with that of its application, so that a delivery needs no directory of webhooks.
 * @param own 16 hexadecimal digits
 */
export function webhookId(applicationId: string, own: string): string {
  if (!OWN.test(own)) throw new RangeError('a webhook needs 16 hexadecimal digits of its own');
  return `wh_${applicationId.replaceAll('-', '')}${own}`;
}

/** Returns the id of the application. Undefined if the text is not the id of a webhook. */
export function applicationOf(id: string): string | undefined {
  const parts = FORM.exec(id);
  return parts ? parts.slice(1, 6).join('-') : undefined;
}
