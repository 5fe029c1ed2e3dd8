import type { CommandDeclarations } from '#cli';

const filters = {
  who: { help: 'only actions of this person or service member: address, ID, name, or platform', value: 'who' },
  action: { help: 'only this action, such as organization.member-added', value: 'action' },
  object: { help: 'only this object, such as application/web', value: 'kind/name' },
  result: {
    help: 'only actions that were done, or requests that were refused',
    value: 'result',
    choices: ['done', 'refused'],
  },
  right: { help: 'only by this role, audit, global-admin, or permission', value: 'right' },
  since: { help: 'from this time on: RFC 3339, a date, or 24h, 7d', value: 'time' },
  until: { help: 'up to this time', value: 'time' },
} as const;

const list = {
  summary: 'List who did what, when, and by which right, newest first',
  options: {
    ...filters,
    limit: { help: 'maximum number of entries', value: 'number', default: '100' },
    follow: { short: 'f', help: 'continue with new entries, oldest first' },
    platform: { help: 'entries of the platform itself, for global admins' },
  },
} as const;

export const logCommands = {
  auditList: {
    path: ['audit', 'list'],
    ...list,
    examples: [
      'astroctl audit list',
      'astroctl audit list --who grace@acme.dev --since 7d',
      'astroctl audit list --object application/web --action deployment.requested',
      'astroctl audit list --result refused -o wide',
      'astroctl audit list -f',
    ],
  },
  orgAudit: {
    path: ['org', 'audit'],
    ...list,
    examples: ['astroctl org audit', 'astroctl org audit --right global-admin'],
  },
} as const satisfies CommandDeclarations;
