import type { CommandDeclarations } from '#cli';

export const loginCommands = {
  authLogin: {
    path: ['auth', 'login'],
    summary: 'Log in on this machine and store a 30-day key for one organization',
    options: {
      'no-browser': { help: 'do not open a browser' },
      'with-token': { help: 'store the access key from standard input' },
      username: { help: 'log in without a browser, as this account', value: 'email' },
      'password-stdin': { help: 'read the password from standard input' },
    },
    examples: [
      'astroctl auth login',
      'astroctl auth login --org-id acme',
      'astroctl auth login --with-token < key.txt',
      'astroctl auth login --username ada@acme.dev --password-stdin < password.txt',
    ],
  },
} as const satisfies CommandDeclarations;

export const authCommands = {
  authLogout: {
    path: ['auth', 'logout'],
    summary: 'Revoke and delete the key of this machine',
    options: {
      everywhere: { help: 'end all your sessions and refresh tokens, and revoke the keys of all your logins' },
    },
    examples: ['astroctl auth logout', 'astroctl auth logout --everywhere'],
  },
  authStatus: {
    path: ['auth', 'status'],
    summary: 'Show whether this machine is logged in',
    examples: ['astroctl auth status'],
  },
  authSessionsList: {
    path: ['auth', 'sessions', 'list'],
    summary: 'List your sessions of the console, and your sessions and refresh tokens at the built-in issuer',
    examples: ['astroctl auth sessions list'],
  },
  authSessionsEnd: {
    path: ['auth', 'sessions', 'end'],
    summary: 'End one of your sessions, or all others; keys stay valid',
    options: {
      id: { positional: 'optional', help: 'ID of the session', names: ['auth', 'sessions', 'list'] },
      others: { help: 'end all your sessions, except that of --keep; astroctl itself has no session' },
      keep: { value: 'ID', help: 'session that continues, with --others', names: ['auth', 'sessions', 'list'] },
    },
    examples: [
      'astroctl auth sessions end 0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02',
      'astroctl auth sessions end --others --keep 0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02',
    ],
  },
  whoami: {
    path: ['whoami'],
    summary: 'Show the current user, organization, and key',
    examples: ['astroctl whoami', 'astroctl whoami -o json'],
  },
  userList: {
    path: ['user', 'list'],
    summary: 'List all users',
    examples: ['astroctl user list'],
  },
  userSuspend: {
    path: ['user', 'suspend'],
    summary: 'Suspend a user: sessions end, and logins, access keys, and access to clusters stop working immediately',
    options: { user: { positional: 'required', help: 'e-mail address or ID', names: ['user', 'list'] } },
    examples: ['astroctl user suspend grace@acme.dev'],
  },
  userRestore: {
    path: ['user', 'restore'],
    summary: 'Restore a suspended user: logins and access keys work again',
    options: { user: { positional: 'required', help: 'e-mail address or ID', names: ['user', 'list'] } },
    examples: ['astroctl user restore grace@acme.dev'],
  },
  userErase: {
    path: ['user', 'erase'],
    summary: 'Erase a user: personal data is destroyed, and views show an erased user',
    options: {
      user: { positional: 'required', help: 'e-mail address or ID', names: ['user', 'list'] },
      'dry-run': { help: 'show what would happen without changing anything' },
    },
    examples: ['astroctl user erase grace@acme.dev --dry-run', 'astroctl user erase grace@acme.dev -y'],
  },
  userSetGlobalRole: {
    path: ['user', 'set-global-role'],
    summary: 'Make a user a global admin or a developer',
    options: {
      user: { positional: 'required', help: 'e-mail address or ID' },
      role: { positional: 'required', help: 'admin or developer', choices: ['admin', 'developer'] },
    },
    examples: ['astroctl user set-global-role grace@acme.dev admin'],
  },
  userResetPassword: {
    path: ['user', 'reset-password'],
    summary: 'Create a link with which a user sets a new password: single use, 24 hours (global admin)',
    options: { user: { positional: 'required', help: 'e-mail address or ID' } },
    examples: ['astroctl user reset-password grace@acme.dev'],
  },
} as const satisfies CommandDeclarations;
