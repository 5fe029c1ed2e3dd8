import type { CommandDeclarations } from '#cli';

const member = {
  user: { help: 'user id or e-mail address', value: 'id' },
  service: { help: 'a service member instead', value: 'name' },
} as const;

export const organizationCommands = {
  orgList: {
    path: ['org', 'list'],
    summary: 'List your organizations',
    options: { all: { help: 'every organization of the platform (global admin)' } },
    examples: ['astroctl org list', 'astroctl org list -o name'],
  },
  orgGet: {
    path: ['org', 'get'],
    summary: 'Show one organization, the current one when none is named',
    options: { name: { positional: 'optional', help: 'id or slug' } },
    examples: ['astroctl org get', 'astroctl org get acme -o json'],
  },
  orgCreate: {
    path: ['org', 'create'],
    summary: 'Create an organization (global admin)',
    options: {
      name: { positional: 'required', help: 'display name' },
      slug: { help: 'short name, a DNS label; from the name when left out', value: 'slug' },
      owner: { help: 'user id or e-mail address of its owner; you when left out', value: 'email' },
    },
    examples: ['astroctl org create "Acme Inc" --slug acme --owner ada@acme.dev'],
  },
  orgUse: {
    path: ['org', 'use'],
    summary: 'Choose the organization that commands use',
    options: { name: { positional: 'required', help: 'id or slug' } },
    examples: ['astroctl org use acme'],
  },
  orgMembers: {
    path: ['org', 'members'],
    summary: 'List members',
    examples: ['astroctl org members'],
  },
  orgAddUser: {
    path: ['org', 'add-user'],
    summary: 'Add a user who has logged in before, or a service member',
    options: { ...member, role: { help: 'viewer, editor, admin or owner', value: 'role', default: 'viewer' } },
    examples: [
      'astroctl org add-user --org-id acme --user grace@acme.dev --role editor',
      'astroctl org add-user --service ci-deploy --role editor',
    ],
  },
  orgSetRole: {
    path: ['org', 'set-role'],
    summary: "Change a member's role",
    options: {
      member: { positional: 'required', help: 'e-mail address, id, or service:NAME' },
      role: { positional: 'required', help: 'the new role', choices: ['viewer', 'editor', 'admin', 'owner'] },
    },
    examples: ['astroctl org set-role grace@acme.dev viewer'],
  },
  orgRemoveUser: {
    path: ['org', 'remove-user'],
    summary: 'Remove a member; their keys end at once',
    options: { ...member, 'dry-run': { help: 'say what would happen' } },
    examples: ['astroctl org remove-user --user grace@acme.dev'],
  },
} as const satisfies CommandDeclarations;
