import type { CommandDeclarations } from '#cli';

const key = {
  value: 'KEY',
  repeat: true,
  help: 'verifier key, as audit keys prints it; for files, and repeated for heads of several keys',
} as const;

export const headCommands = {
  auditHead: {
    path: ['audit', 'head'],
    summary: 'Print the newest signed head of the audit log, to keep elsewhere',
    examples: ['astroctl audit head > acme.checkpoint'],
  },
  auditKeys: {
    path: ['audit', 'keys'],
    summary: 'List the keys that verify signed heads, newest first',
    examples: ['astroctl audit keys'],
  },
  auditKeysRotate: {
    path: ['admin', 'audit-keys', 'rotate'],
    summary: 'Replace the key that signs heads of the audit logs of all organizations',
    examples: ['astroctl admin audit-keys rotate'],
  },
  auditVerify: {
    path: ['audit', 'verify'],
    summary: 'Verify that the audit log is what was recorded; exit code 1 if it is not',
    options: {
      against: { value: 'HEAD', help: 'file with an earlier head, which the log must extend' },
      event: { value: 'PROOF', help: 'file that audit prove has printed; nothing is sent' },
      file: { value: 'EXPORT', help: 'file that audit export has printed; nothing is sent' },
      key,
    },
    examples: [
      'astroctl audit verify',
      'astroctl audit verify --against acme.checkpoint',
      'astroctl audit verify --file events.jsonl --key "$KEY"',
      'astroctl audit verify --event proof.json --key "$KEY"',
    ],
  },
  auditProve: {
    path: ['audit', 'prove'],
    summary: 'Prove that an event is in the audit log',
    options: { position: { positional: 'required', help: 'position of the event, as audit list prints it' } },
    examples: ['astroctl audit prove 4981 > proof.json'],
  },
  auditExport: {
    path: ['audit', 'export'],
    summary: 'Print all events as JSON lines that anybody can verify, or the entries of audit list as CSV',
    options: {
      format: {
        value: 'FORMAT',
        choices: ['jsonl', 'csv'],
        default: 'jsonl',
        help: 'jsonl to verify, csv for spreadsheets',
      },
      type: { value: 'TYPE', repeat: true, help: 'only events of this type, such as organization.member-added.v1' },
      actor: { value: 'ID', help: 'only events of this user or service member' },
      since: { value: 'TIME', help: 'only events recorded at this time or later' },
      until: { value: 'TIME', help: 'only events recorded before this time' },
    },
    examples: [
      'astroctl audit export > events.jsonl',
      'astroctl audit export --format csv > audit.csv',
      'astroctl audit export --type organization.member-added.v1 --since 2026-11-01 > members.jsonl',
    ],
  },
} as const satisfies CommandDeclarations;
