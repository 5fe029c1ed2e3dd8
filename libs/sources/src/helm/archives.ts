import { createHash } from 'node:crypto';

/** Largest archive of a chart. */
export const MAX_ARCHIVE_BYTES = 20 * 1_048_576;
export const ARCHIVE_TIMEOUT_MS = 60_000;

/** Name of an archive in errors. */
export const archiveName = (chart: string, version: string): string => `The archive of chart ${chart} ${version}`;

/** Returns `sha256:` and the digest in hexadecimal digits. */
export const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
