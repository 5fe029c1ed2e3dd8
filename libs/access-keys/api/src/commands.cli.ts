import type { CommandDeclarations } from '#cli';

export const keyCommands = {
  keyList: {
    path: ['key', 'list'],
    summary: 'List keys, masked',
    examples: ['astroctl key list', 'astroctl key list -o wide'],
  },
  keyGet: {
    path: ['key', 'get'],
    summary: 'Show one key, masked',
    options: { id: { positional: 'required', help: 'ID of the key', names: ['key', 'list'] } },
    examples: ['astroctl key get key_0193f2b1'],
  },
  keyCreate: {
    path: ['key', 'create'],
    summary: 'Create a key; prints only the key, and only once',
    options: {
      name: { help: 'name that describes its purpose', value: 'name' },
      role: { help: 'viewer, editor, admin, or owner; default editor, or your own role if lower', value: 'role' },
      expires: { help: 'when it expires: 90d, 12h, a date, or never', value: 'when' },
      service: { help: 'service member that the key acts for, instead of you', value: 'name' },
    },
    examples: [
      'astroctl key create --name ci',
      'astroctl key create --name ci --role viewer --expires 30d > key.txt',
      'astroctl key create --name ci --service ci-deploy',
    ],
  },
  keyRotate: {
    path: ['key', 'rotate'],
    summary: 'Replace a key by a new one; prints only the new key, and only once',
    options: {
      id: { positional: 'required', help: 'ID of the key', names: ['key', 'list'] },
      grace: {
        help: 'how long the replaced key still works: 30m, 1h, at most 7d, or 0m',
        value: 'time',
        default: '1h',
      },
    },
    examples: ['astroctl key rotate key_0193f2b1 > key.txt', 'astroctl key rotate key_0193f2b1 --grace 24h'],
  },
  keyRevoke: {
    path: ['key', 'revoke'],
    summary: 'Revoke a key immediately on every instance',
    options: {
      id: { positional: 'required', help: 'ID of the key', names: ['key', 'list'] },
      reason: { help: 'reason, recorded in the event log', value: 'text' },
      'dry-run': { help: 'show whose requests would stop, without changing anything' },
    },
    examples: ['astroctl key revoke key_0193f2b1 --dry-run', 'astroctl key revoke key_0193f2b1 --reason "laptop lost"'],
  },
  keyReport: {
    path: ['key', 'report'],
    summary: 'Report a leaked key: reads it from standard input and revokes it',
    examples: ['astroctl key report < leaked-key.txt'],
  },
} as const satisfies CommandDeclarations;
