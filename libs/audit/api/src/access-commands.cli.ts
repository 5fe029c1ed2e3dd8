import type { CommandDeclarations } from '#cli';

const permission = {
  positional: 'required',
  help: 'name of a permission: astroctl access permissions',
  names: ['access', 'permissions'],
} as const;
const object = {
  positional: 'optional',
  help: 'TYPE/NAME: application/web, profile/production, or cluster/eu-prod; whether its profile is protected matters',
} as const;
const time = { help: 'an earlier time: RFC 3339, a date, a span such as -24h, or a position', value: 'time' } as const;
const rules = {
  help: 'the rules to apply: those of that time, or those of the running release',
  value: 'rules',
  choices: ['then', 'current'],
  default: 'then',
} as const;

/** Declarations of the `access` commands. `access.cli.ts` implements each with a function of the same name. */
export const accessCommands = {
  accessCanI: {
    path: ['access', 'can-i'],
    summary: 'Check whether you have a permission, now or at an earlier time',
    options: { permission, object, 'as-of': time, rules },
    examples: [
      'astroctl access can-i application.deploy',
      'astroctl access can-i application.deploy profile/production',
      'astroctl access can-i secrets.write application/web --as-of -24h',
    ],
  },
  accessWhoCan: {
    path: ['access', 'who-can'],
    summary: 'List who has or had a permission, in which ways, and which event granted it',
    options: {
      permission,
      object,
      'as-of': time,
      during: { help: 'everyone who had it at some time of FROM..TO', value: 'from..to' },
      rules,
    },
    examples: [
      'astroctl access who-can application.deploy application/web',
      'astroctl access who-can members.manage --as-of 2026-11-24',
      'astroctl access who-can cluster.kubeconfig cluster/eu-prod --during 2026-11-01..2026-12-01',
    ],
  },
  accessExplain: {
    path: ['access', 'explain'],
    summary: 'Explain in which ways a user has a permission, or why not',
    options: {
      permission,
      object,
      user: {
        help: 'ID or e-mail address, or name of a service member; defaults to you',
        value: 'user',
        names: ['org', 'members'],
      },
      'as-of': time,
      rules,
    },
    examples: [
      'astroctl access explain application.deploy profile/production',
      'astroctl access explain secrets.write application/web --user grace@acme.dev --as-of -7d',
    ],
  },
  accessPermissions: {
    path: ['access', 'permissions'],
    summary: 'List all permissions: who has them, and with which credential',
    examples: ['astroctl access permissions', 'astroctl access permissions -o json'],
  },
} as const satisfies CommandDeclarations;
