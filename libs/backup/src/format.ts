import { sealedMembers, type SealedEvent } from '#event-store';
import type { SealedCopy } from '#vault';
import { z } from 'zod';

/** Version of the format that this release writes. It reads this and all earlier ones. */
export const FORMAT_VERSION = 1;

/**
 * A backup is a text of JSON lines: a header, the records of the vault as they are sealed, the events of the log in
 * order, the records that changed while the log was read, and a last line with counts and a digest. A record that comes
 * twice replaces the earlier one.
 */
export const headerSchema = z.strictObject({
  format: z.literal('astro-platform-backup'),
  version: z.number().int().positive(),
  /** Release that wrote it. */
  release: z.string(),
  /** RFC 3339. */
  createdAt: z.string(),
});

const bytes = z.base64().transform((text): Uint8Array => Buffer.from(text, 'base64'));

export const recordSchema = z.strictObject({
  record: z.strictObject({
    name: z.string(),
    version: z.number().int().positive(),
    size: z.number().int().nonnegative(),
    updatedAtMs: z.number(),
    expiresAtMs: z.number().nullable(),
    keyId: z.string(),
    wrapped: bytes,
    parts: z.array(bytes),
  }),
});

export const eventSchema = z.strictObject({
  event: z.strictObject({
    id: z.string(),
    type: z.string(),
    stream: z.string().min(1),
    revision: z.number().int().nonnegative(),
    recordedAt: z.string(),
    actor: z.string(),
    organizationId: z.string().exactOptional(),
    commandId: z.string(),
    correlationId: z.string(),
    causationId: z.string(),
    data: z.unknown(),
    hash: z.string(),
  }),
});

export const endSchema = z.strictObject({
  end: z.strictObject({
    /** Position of the last event in the log that was exported. */
    position: z.string(),
    records: z.number().int().nonnegative(),
    events: z.number().int().nonnegative(),
    /** Lower-case hex SHA-256 of all lines before this one. */
    sha256: z.string(),
  }),
});

export type BackupHeader = z.infer<typeof headerSchema>;
export type BackupEnd = z.infer<typeof endSchema>['end'];

export const recordLine = ({ wrapped, parts, ...copy }: SealedCopy): string =>
  line({ record: { ...copy, wrapped: base64(wrapped), parts: parts.map(base64) } });

export const eventLine = (event: SealedEvent): string => line({ event: sealedMembers(event) });

export const line = (content: unknown): string => `${JSON.stringify(content)}\n`;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
