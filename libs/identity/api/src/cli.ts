import type { CliCommand, CliGroup } from '#cli';

export const identityGroups: readonly CliGroup[] = [
  { path: ['auth'], summary: 'Log in and out' },
  { path: ['user'], summary: 'Users of the platform (global admin)' },
];

export const identityCommands: readonly CliCommand[] = [
  {
    path: ['auth', 'login'],
    summary: 'Log in on this machine: a device login, then a 30-day key for one organization',
    options: {
      'no-browser': { help: 'do not open a browser' },
      'with-token': { help: 'store the access key that comes on standard input' },
      username: { help: 'log in without a browser, as this account', value: 'email' },
      'password-stdin': { help: 'the password comes on standard input' },
    },
    examples: [
      'astroctl auth login',
      'astroctl auth login --org-id acme',
      'astroctl auth login --with-token < key.txt',
      'astroctl auth login --username ada@acme.dev --password-stdin < password.txt',
    ],
    load: async () => (await import('./auth-login.cli.ts')).authLogin,
  },
  {
    path: ['auth', 'logout'],
    summary: 'Revoke and forget the key of this machine',
    examples: ['astroctl auth logout'],
    load: async () => (await import('./auth.cli.ts')).authLogout,
  },
  {
    path: ['auth', 'status'],
    summary: 'Whether this machine is logged in',
    examples: ['astroctl auth status'],
    load: async () => (await import('./auth.cli.ts')).authStatus,
  },
  {
    path: ['whoami'],
    summary: 'The user, organization and key in use',
    examples: ['astroctl whoami', 'astroctl whoami -o json'],
    load: async () => (await import('./auth.cli.ts')).whoami,
  },
  {
    path: ['user', 'list'],
    summary: 'List all users',
    examples: ['astroctl user list'],
    load: async () => (await import('./auth.cli.ts')).userList,
  },
  {
    path: ['user', 'set-global-role'],
    summary: 'Make a user a global admin or a developer',
    options: {
      user: { positional: 'required', help: 'e-mail address or id' },
      role: { positional: 'required', help: 'admin or developer', choices: ['admin', 'developer'] },
    },
    examples: ['astroctl user set-global-role grace@acme.dev admin'],
    load: async () => (await import('./auth.cli.ts')).userSetGlobalRole,
  },
];

export { interactiveLogin, keyOrganization } from './login-flow.cli.ts';
