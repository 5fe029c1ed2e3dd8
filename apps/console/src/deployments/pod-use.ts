/** Returns thousandths of a core as `kubectl top` prints them, such as `250m`; `–` if they are not known. */
export const coresText = (milli: number | null | undefined): string =>
  milli === null || milli === undefined ? '–' : `${milli}m`;

/** Returns bytes as `kubectl top` prints them, such as `128Mi`; `–` if they are not known. */
export const bytesText = (bytes: number | null | undefined): string =>
  bytes === null || bytes === undefined ? '–' : `${Math.floor(bytes / 1_048_576)}Mi`;
