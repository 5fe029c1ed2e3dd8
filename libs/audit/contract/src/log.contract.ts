import { flag, pageInput, stream } from '#bus/contract';
import { z } from 'zod';
import { csvLine } from './csv.ts';

const word = z.string().min(1).max(200);

/** `refused`: the permission was denied; the entry counts identical refusals within one minute. */
const AUDIT_RESULTS = ['done', 'refused'] as const;

const auditEntry = z.strictObject({
  position: z.string(),
  time: z.string(),
  who: z.string().describe('address or name; `platform`, `erased user`'),
  whoId: z.string(),
  action: z.string().describe('type of the event without its version; for a refusal, the permission'),
  object: z.string().nullable().describe('`kind/name`'),
  objectId: z.string().nullable().describe('`kind/id`'),
  right: z.string().nullable().describe('role that permitted it, `audit`, or `global-admin`'),
  permission: z.string().nullable(),
  grantedBy: z.string().nullable().describe('ID of the event that granted the right'),
  credential: z.enum(['login', 'key']).nullable(),
  keyId: z.string().nullable(),
  result: z.enum(AUDIT_RESULTS),
  count: z.number().int().describe('of identical refusals'),
  network: z.string().nullable(),
  address: z.string().nullable().describe('while the person is not erased'),
  requestId: z.string(),
  causedBy: z.string().nullable().describe('ID of the event that caused it, for work of the platform'),
  eventId: z.string(),
  message: z.string(),
});
export type AuditEntry = z.infer<typeof auditEntry>;

/** Last item of a page that is not the last one. */
const pageEnd = z.strictObject({ next: z.string() });

/** Types of events, without their version, whose data has names of secrets. */
const NAMES_SECRETS: readonly string[] = ['application.secrets-set', 'application.secret-unset'];

/** Returns whether an event, or an entry about it, has names of secrets. */
export const namesSecrets = (type: string): boolean => NAMES_SECRETS.includes(type.replace(/\.v\d+$/, ''));

/** Filters of the audit log. Entries match all of them. */
const filters = {
  who: word.optional().describe('address or ID of a user, name of a service member, or `platform`'),
  action: word.optional(),
  object: word.optional().describe('`kind/name` or `kind/id`'),
  result: z.enum(AUDIT_RESULTS).optional(),
  right: word.optional().describe('role, `audit`, `global-admin`, or a permission'),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
};

const page = {
  follow: flag.default(false).describe('continue with new entries, oldest first'),
  after: z.string().optional().describe('position after which to follow'),
  limit: pageInput.limit.describe('entries of one page'),
  cursor: pageInput.cursor,
};

export const auditLogRequest = stream({
  subject: 'audit.v1.log.list',
  route: 'GET /v1/organizations/{org}/audit',
  summary: 'List the audit log of an organization, newest first; SSE with follow=true',
  permission: 'audit.read',
  input: z.strictObject({ org: word, ...filters, ...page }),
  output: z.union([auditEntry, pageEnd]),
  organizationOf: ({ org }) => org,
  discloses: 'secret-names',
  isDisclosedBy: (item) => 'action' in item && namesSecrets(item.action),
  timeoutMs: 10_000,
});

export const platformAuditLogRequest = stream({
  subject: 'audit.v1.log.platform',
  route: 'GET /v1/audit',
  summary: 'List the audit log of the platform itself: users, global roles, egress; SSE with follow=true',
  permission: 'platform.operate',
  input: z.strictObject({ ...filters, ...page }),
  output: z.union([auditEntry, pageEnd]),
  timeoutMs: 10_000,
});

/** Columns of the export as CSV: all members of an entry. */
const COLUMNS = Object.keys(auditEntry.shape) as (keyof AuditEntry)[];

/** Formats of the export, which the gateway and astroctl write. */
export const EXPORT_LINES = {
  jsonl: { mediaType: 'application/jsonl', head: '', line: (entry: AuditEntry) => `${JSON.stringify(entry)}\n` },
  csv: {
    mediaType: 'text/csv',
    head: csvLine(COLUMNS),
    line: (entry: AuditEntry) => csvLine(COLUMNS.map((column) => entry[column])),
  },
} as const;

export const exportAuditLogRequest = stream({
  subject: 'audit.v1.log.export',
  route: 'GET /v1/organizations/{org}/audit/export',
  summary: 'Export all entries of the audit log, newest first, as JSON lines or CSV',
  permission: 'audit.read',
  input: z.strictObject({ org: word, ...filters, format: z.enum(['jsonl', 'csv']).default('jsonl') }),
  output: auditEntry,
  downloads: EXPORT_LINES,
  organizationOf: ({ org }) => org,
  discloses: 'secret-names',
  isDisclosedBy: ({ action }) => namesSecrets(action),
  timeoutMs: 10_000,
});
