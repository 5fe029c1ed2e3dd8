import { implement, type CliCommand, type CliGroup } from '#cli';
import { authCommands, loginCommands } from './commands.cli.ts';

export const identityGroups: readonly CliGroup[] = [
  {
    path: ['auth'],
    summary: 'Log in and out',
    examples: ['astroctl auth login', 'astroctl auth login --api-url https://astro.acme.dev', 'astroctl auth status'],
  },
  {
    path: ['auth', 'sessions'],
    summary: 'Your sessions of the console and at the built-in issuer',
    examples: ['astroctl auth sessions list'],
  },
  {
    path: ['user'],
    summary: 'Users of the platform (global admin)',
    examples: ['astroctl user list', 'astroctl user set-global-role grace@acme.dev admin'],
  },
];

export const identityCommands: readonly CliCommand[] = [
  ...implement(loginCommands, () => import('./auth-login.cli.ts')),
  ...implement(authCommands, () => import('./auth.cli.ts')),
];

export { interactiveLogin, keyOrganization, personOf } from './login-flow.cli.ts';
