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
    options: { id: { positional: 'required', help: 'id of the key', names: ['key', 'list'] } },
    examples: ['astroctl key get key_0193f2b1'],
  },
  keyCreate: {
    path: ['key', 'create'],
    summary: 'Create a key; it is printed once, alone on standard output',
    options: {
      name: { help: 'what it is for', value: 'name' },
      role: { help: 'viewer, editor, admin or owner; editor, or your own role if lower, when left out', value: 'role' },
      expires: { help: 'when it expires: 90d, 12h, a date, or never', value: 'when' },
    },
    examples: ['astroctl key create --name ci', 'astroctl key create --name ci --role viewer --expires 30d > key.txt'],
  },
  keyRevoke: {
    path: ['key', 'revoke'],
    summary: 'Revoke a key immediately on every instance',
    options: {
      id: { positional: 'required', help: 'id of the key', names: ['key', 'list'] },
      reason: { help: 'reason, recorded in the audit log', value: 'text' },
      'dry-run': { help: 'show what would happen without changing anything' },
    },
    examples: ['astroctl key revoke key_0193f2b1 --reason "laptop lost"'],
  },
  keyReport: {
    path: ['key', 'report'],
    summary: 'Report a leaked key: reads it from standard input and has it revoked',
    examples: ['astroctl key report < leaked-key.txt'],
  },
} as const satisfies CommandDeclarations;
