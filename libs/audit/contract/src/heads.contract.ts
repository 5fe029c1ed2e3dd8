import { pageInput, pageOutput, request } from '#bus/contract';
import { z } from 'zod';
import { namesSecrets } from './log.contract.ts';

/** A position, or its sequence alone, as commands take it. */
const positionOrSequence = z
  .string()
  .regex(/^([a-z0-9]{8,32}\.\d{20}|\d{1,20})$/, 'must be a position, such as 4981, or as the audit log prints it');
const size = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const organization = z.string().min(1).max(200);
const hash = z.string().describe('standard base64 of 32 bytes');

/** An event as it was recorded, with the members that its hash covers. */
export const sealedEventSchema = z.strictObject({
  id: z.string(),
  type: z.string(),
  stream: z.string(),
  revision: z.number().int(),
  recordedAt: z.string(),
  actor: z.string(),
  organizationId: z.string().optional(),
  commandId: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  data: z.unknown(),
  hash: z.string().describe('lower-case hex of 32 bytes'),
  position: z.string(),
});

/** A signed head: size and root of the organization's tree, and the note that signs them. */
export const auditHeadSchema = z.strictObject({
  organizationId: z.string(),
  size: z.number().int(),
  root: hash,
  position: z.string().describe('position of the last event in the tree'),
  signedAt: z.string(),
  note: z.string().describe('checkpoint in the signed-note format'),
});
export type AuditHead = z.infer<typeof auditHeadSchema>;

export const getAuditHeadRequest = request({
  subject: 'audit.v1.head.get',
  route: 'GET /v1/organizations/{org}/audit/head',
  summary: 'Get the newest signed head of the audit log',
  permission: 'audit.read',
  input: z.strictObject({ org: organization }),
  output: auditHeadSchema,
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

export const listAuditKeysRequest = request({
  subject: 'audit.v1.keys.list',
  route: 'GET /v1/organizations/{org}/audit/keys',
  summary: 'List the keys that verify signed heads, newest first',
  permission: 'audit.read',
  input: z.strictObject({ org: organization, ...pageInput }),
  output: z.strictObject(
    pageOutput(
      z.strictObject({
        key: z.string().describe('verifier key: NAME+ID+BASE64'),
        createdAt: z.string(),
        retiredAt: z.string().nullable().describe('when the next key replaced it; null for the key that signs heads'),
        lastHeadAt: z.string().nullable().describe('when the key signed its last head of this organization'),
      }),
    ),
  ),
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

export const rotateAuditKeyRequest = request({
  subject: 'audit.v1.keys.rotate',
  route: 'POST /v1/admin/audit-keys/rotate',
  summary: 'Replace the key that signs heads of the audit logs of all organizations',
  permission: 'platform.operate',
  success: 201,
  input: z.strictObject({}),
  output: z.strictObject({
    publicKey: z.string().describe('Ed25519, standard base64; `audit keys` prints it with the name of each log'),
    createdAt: z.string(),
    retired: z.string().nullable().describe('public key that it replaces; null if it is the first'),
  }),
  timeoutMs: 5_000,
});

export const proveAuditRequest = request({
  subject: 'audit.v1.proof.get',
  route: 'GET /v1/organizations/{org}/audit/proof',
  summary: 'Prove that an event is in the audit log (position), or that the log extends an earlier one (from, to)',
  permission: 'audit.read',
  input: z
    .strictObject({
      org: organization,
      position: positionOrSequence.exactOptional(),
      from: size.exactOptional(),
      to: size.exactOptional().describe('size of the tree that is proved; default: that of the newest head'),
    })
    .refine(({ position, from }) => (position === undefined) !== (from === undefined), {
      error: 'takes either position or from',
      path: ['position'],
    }),
  output: z.strictObject({
    head: auditHeadSchema,
    /** Of one event: its place, and the hashes that lead from its leaf to the root. */
    inclusion: z.strictObject({ event: sealedEventSchema, index: z.number().int(), proof: z.array(hash) }).optional(),
    consistency: z.strictObject({ from: z.number().int(), to: z.number().int(), proof: z.array(hash) }).optional(),
  }),
  organizationOf: ({ org }) => org,
  discloses: 'secret-names',
  isDisclosedBy: ({ inclusion }) => inclusion !== undefined && namesSecrets(inclusion.event.type),
  timeoutMs: 10_000,
});

export const listSealedEventsRequest = request({
  subject: 'audit.v1.events.list',
  route: 'GET /v1/organizations/{org}/audit/events',
  summary: 'List the events of the organization as they were recorded, for verification elsewhere',
  permission: 'audit.read',
  input: z.strictObject({
    org: organization,
    from: size.default(0).describe('index of the first event'),
    size: size.exactOptional().describe('size of the signed head that the first page named'),
  }),
  output: z.strictObject({
    head: auditHeadSchema,
    events: z.array(
      z.strictObject({
        index: z.number().int(),
        event: sealedEventSchema,
        previousHash: z.string().optional().describe('hash of the previous event in its stream, absent for the first'),
      }),
    ),
    next: z.number().int().optional().describe('index of the next page'),
  }),
  organizationOf: ({ org }) => org,
  discloses: 'secret-names',
  isDisclosedBy: ({ events }) => events.some(({ event }) => namesSecrets(event.type)),
  timeoutMs: 10_000,
});

export const verifyAuditRequest = request({
  subject: 'audit.v1.verify',
  route: 'GET /v1/organizations/{org}/audit/verify',
  summary: 'Verify all events of the organization, and every signed head',
  permission: 'audit.read',
  input: z.strictObject({ org: organization }),
  output: z.strictObject({
    whole: z.boolean(),
    events: z.number().int(),
    streams: z.number().int(),
    heads: z.number().int(),
    /** Events after the newest head. Nobody outside the platform could know that they are missing. */
    unsigned: z.number().int(),
    head: auditHeadSchema.nullable(),
    /** The first fault in the order of the log. */
    fault: z
      .strictObject({
        reason: z.enum(['chain', 'missing', 'root', 'signature']),
        stream: z.string(),
        revision: z.number().int(),
        position: z.string(),
        message: z.string(),
      })
      .nullable(),
  }),
  organizationOf: ({ org }) => org,
  timeoutMs: 30_000,
});
