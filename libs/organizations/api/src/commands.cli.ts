import type { CommandDeclarations } from '#cli';

const member = {
  user: { help: 'user ID or e-mail address', value: 'id', alias: 'user-id', names: ['org', 'members'] },
  service: { help: 'a service member instead', value: 'name' },
} as const;
const until = {
  help: 'when the membership ends, such as 2027-03-31; behind --audit: when that right ends',
  value: 'date',
  after: { switch: 'audit', flag: 'audit-until' },
} as const;
const dryRun = { help: 'show what would happen without changing anything' } as const;

/** Declarations of the `org` commands. `organizations.cli.ts` implements each with a function of the same name. */
export const organizationCommands = {
  orgList: {
    path: ['org', 'list'],
    summary: 'List your organizations',
    options: { all: { help: 'list every organization of the platform (global admin)' } },
    examples: ['astroctl org list', 'astroctl org list -o name'],
  },
  orgGet: {
    path: ['org', 'get'],
    summary: 'Show an organization; defaults to the current one',
    options: { name: { positional: 'optional', help: 'ID or slug', names: ['org', 'list'] } },
    examples: ['astroctl org get', 'astroctl org get acme -o json'],
  },
  orgCreate: {
    path: ['org', 'create'],
    summary: 'Create an organization (global admin)',
    options: {
      name: { positional: 'required', help: 'display name' },
      slug: { help: 'short name, a DNS label; derived from the name by default', value: 'slug' },
      owner: { help: 'user ID or e-mail address of the owner; defaults to you', value: 'email' },
    },
    examples: ['astroctl org create "Acme Inc" --slug acme --owner ada@acme.dev'],
  },
  orgRename: {
    path: ['org', 'rename'],
    summary: 'Rename the current organization',
    options: {
      name: { positional: 'required', help: 'the new display name' },
      slug: { help: 'a new short name; possible only while the organization has no applications', value: 'slug' },
    },
    examples: ['astroctl org rename "Acme Rockets"', 'astroctl org rename "Acme Rockets" --slug rockets'],
  },
  orgSet: {
    path: ['org', 'set'],
    summary: 'Change settings of the current organization: contact, keyExpiry, viewersReadLogs, revokeLeakedKeys',
    options: {
      setting: { positional: 'many', help: 'KEY=VALUE; an empty value restores the default' },
    },
    examples: [
      'astroctl org set contact=platform-team@acme.dev keyExpiry=30d',
      'astroctl org set viewersReadLogs=no',
      'astroctl org set contact=',
    ],
  },
  orgUse: {
    path: ['org', 'use'],
    summary: 'Set the organization that commands use',
    options: { name: { positional: 'required', help: 'ID or slug', names: ['org', 'list'] } },
    examples: ['astroctl org use acme'],
  },
  orgMembers: {
    path: ['org', 'members'],
    summary: 'List members, now or at an earlier time',
    options: {
      'as-of': { help: 'an earlier time: RFC 3339, a date, a span such as -24h, or a position', value: 'time' },
    },
    examples: ['astroctl org members', 'astroctl org members --as-of 2026-11-24'],
  },
  orgAddUser: {
    path: ['org', 'add-user'],
    summary: 'Add a user who has logged in before, or a service member',
    options: {
      ...member,
      role: { help: 'viewer, editor, admin, or owner', value: 'role', default: 'viewer' },
      until: { help: 'when the membership ends, such as 2027-03-31', value: 'date' },
    },
    examples: [
      'astroctl org add-user --org-id acme --user grace@acme.dev --role editor',
      'astroctl org add-user --user linus@acme.dev --role editor --until 2027-03-31',
      'astroctl org add-user --service ci-deploy --role editor',
    ],
  },
  orgSetRole: {
    path: ['org', 'set-role'],
    summary: "Change a member's role, when it ends, and the right audit",
    options: {
      member: {
        positional: 'required',
        help: 'e-mail address, ID, or name of a service member',
        names: ['org', 'members'],
      },
      role: { positional: 'required', help: 'the new role', choices: ['viewer', 'editor', 'admin', 'owner'] },
      until,
      audit: { help: 'grant the right audit too: reading, verifying, and exporting the audit log' },
      'audit-until': { help: 'when the right audit ends', value: 'date' },
      'dry-run': dryRun,
    },
    examples: [
      'astroctl org set-role grace@acme.dev viewer --dry-run',
      'astroctl org set-role linus@acme.dev editor --until 2027-03-31',
      'astroctl org set-role auditor@acme.dev viewer --audit --until 2027-03-31',
      'astroctl org set-role ci-deploy editor',
    ],
  },
  orgDelete: {
    path: ['org', 'delete'],
    summary: 'Delete the current organization; with applications or registered clusters only with --cascade',
    options: {
      cascade: { help: 'delete its applications with their objects, its profiles, and its registered clusters first' },
      orphan: { help: 'keep the objects of the applications on their clusters; needs --cascade' },
      confirm: { help: 'the slug of the organization; required without a terminal', value: 'name' },
      'dry-run': dryRun,
    },
    examples: [
      'astroctl org delete --org acme --dry-run',
      'astroctl org delete --org acme --confirm acme',
      'astroctl org delete --org acme --cascade --confirm acme',
    ],
  },
  orgLeave: {
    path: ['org', 'leave'],
    summary: 'Leave the current organization; your keys for it stop working immediately',
    options: { 'dry-run': dryRun },
    examples: ['astroctl org leave --org acme', 'astroctl org leave -y'],
  },
  orgRemoveUser: {
    path: ['org', 'remove-user'],
    summary: 'Remove a member; their keys stop working immediately',
    options: { ...member, 'dry-run': dryRun },
    examples: [
      'astroctl org remove-user --user grace@acme.dev --dry-run',
      'astroctl org remove-user --user grace@acme.dev',
    ],
  },
} as const satisfies CommandDeclarations;
