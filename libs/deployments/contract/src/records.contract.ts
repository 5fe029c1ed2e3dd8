import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { z } from 'zod';

/** Bytes of a record in one message. Larger records are sent in parts. */
export const RECORD_PART_BYTES = 512 * 1024;
/** Most parts of one record, which makes 32 MiB. */
const MAX_PARTS = 64;

const WORKER = ['deploy-worker'];
const bytes = z.base64().max(Math.ceil(RECORD_PART_BYTES / 3) * 4);
const part = z
  .number()
  .int()
  .min(0)
  .max(MAX_PARTS - 1);

/**
 * Reads a vault record that an attempt needs: the credential of a cluster, a resolved specification, the secrets that
 * it uses, a recorded plan, or the key of fingerprints. Workers have no access to the vault.
 */
export const getRecordRequest = request({
  subject: 'deployments.v1.records.get',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({ name: z.string().max(512), part }),
  output: z.strictObject({
    /** Null if the record, or this part of it, does not exist. */
    record: z.strictObject({ version: z.number().int(), parts: z.number().int().min(1), bytes }).nullable(),
  }),
  timeoutMs: 10_000,
});

/** Stores a record in parts, in order. It exists once the last part is acknowledged. The request is idempotent. */
export const putRecordRequest = request({
  subject: 'deployments.v1.records.put',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({
    name: z.string().max(512),
    part,
    parts: z.number().int().min(1).max(MAX_PARTS),
    /** SHA-256 of the complete value, in hexadecimal. */
    digest: z.string().regex(/^[0-9a-f]{64}$/),
    bytes,
    /** `absent`: rejected with `vault/conflict` if the record already exists. */
    expected: z.literal('absent').optional(),
  }),
  output: z.strictObject({}),
  timeoutMs: 10_000,
});
