import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { z } from 'zod';

/** Bytes of a record that one message carries; what is larger comes in parts. */
export const RECORD_PART_BYTES = 512 * 1024;
/** Parts of one record at most: 32 MiB. */
const MOST_PARTS = 64;

const WORKER = ['deploy-worker'];
const bytes = z.base64().max(Math.ceil(RECORD_PART_BYTES / 3) * 4);
const part = z
  .number()
  .int()
  .min(0)
  .max(MOST_PARTS - 1);

/**
 * A vault record that an attempt needs: the credential of a cluster, a resolved specification, a recorded plan, the key of
 * fingerprints. Workers have no vault.
 */
export const getRecordRequest = request({
  subject: 'deployments.v1.records.get',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({ name: z.string().max(512), part }),
  output: z.strictObject({
    /** Null when there is no such record, or none with so many parts. */
    record: z.strictObject({ version: z.number().int(), parts: z.number().int().min(1), bytes }).nullable(),
  }),
  timeoutMs: 10_000,
});

/** Stores a record in parts, in order; it is there when the last part was answered. A repeat does no harm. */
export const putRecordRequest = request({
  subject: 'deployments.v1.records.put',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({
    name: z.string().max(512),
    part,
    parts: z.number().int().min(1).max(MOST_PARTS),
    /** SHA-256 of the whole value, hex. */
    digest: z.string().regex(/^[0-9a-f]{64}$/),
    bytes,
    /** `absent`: refused with `vault/conflict` when there is such a record already. */
    expected: z.literal('absent').optional(),
  }),
  output: z.strictObject({}),
  timeoutMs: 10_000,
});
