import { DEFAULT_SETTINGS, type OrganizationSettings } from '#access';
import { isRole } from '#access';
import {
  EXIT_CODES,
  isCommandError,
  localError,
  usage,
  type Column,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import {
  changeOrganizationRequest,
  createOrganizationRequest,
  getOrganizationRequest,
  listMembersRequest,
  listOrganizationsRequest,
  removeMemberRequest,
  setMemberRequest,
  type OrganizationView,
} from '#organizations/contract';
import type { organizationCommands } from './commands.cli.ts';

interface OrganizationRow extends OrganizationView {
  readonly current: boolean;
}

/** Columns of `org list`. `NAME` is the slug, which is what `--org` accepts. */
const COLUMNS: readonly Column<OrganizationRow>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ slug }) => slug },
  { title: 'ROLE', value: ({ role }) => role },
  { title: 'PLAN', value: ({ plan }) => plan },
  { title: 'CURRENT', value: ({ current }) => (current ? '*' : '') },
];
const LINES = ['id', 'name', 'slug', 'status', 'role', 'plan', 'members', 'createdAt'] as const;
const SETTINGS = ['contact', 'keyExpiry', 'viewersReadLogs', 'revokeLeakedKeys'] as const;

/** Runs `org list`: prints the organizations of the key's user, or with `--all` every organization of the platform. */
export async function orgList(
  options: Options<typeof organizationCommands.orgList>,
  session: Session,
): Promise<Outcome> {
  const all = options.all;
  const login = all ? await session.login() : undefined;
  if (isCommandError(login)) return login;
  const listed = await session.list(
    listOrganizationsRequest,
    all ? { all: true } : {},
    login === undefined ? {} : { credential: login },
  );
  if (!listed.ok) return listed.failure;
  const current = session.flags.asAdmin ? undefined : await session.organization();
  await session.print.list(
    listed.value.map((item) => ({ ...item, current: item.id === current })),
    {
      columns: COLUMNS,
      name: ({ slug }) => `organization/${slug}`,
      empty: 'You are not a member of any organization.',
    },
  );
  return 0;
}

/** Runs `org get [NAME]`: prints an organization, by default the current one. */
export async function orgGet(options: Options<typeof organizationCommands.orgGet>, session: Session): Promise<Outcome> {
  const org = options.name ?? (await session.organization());
  if (isCommandError(org)) return org;
  const found = await session.call(getOrganizationRequest, { org });
  if (!found.ok) return found.failure;
  const { members, memberLimit, settings } = found.value;
  const name = ({ slug }: { readonly slug: string }) => `organization/${slug}`;
  if (session.print.format === 'json' || session.print.format === 'yaml')
    await session.print.one(found.value, { lines: [], name });
  else {
    const shown = { ...settings, ...found.value, members: `${members}/${memberLimit}` };
    await session.print.one(shown, { lines: [...LINES, ...SETTINGS], name });
  }
  return 0;
}

/** Runs `org create NAME` (global admin). */
export async function orgCreate(
  options: Options<typeof organizationCommands.orgCreate>,
  session: Session,
): Promise<Outcome> {
  const slug = options.slug;
  const owner = options.owner;
  const made = await session.call(createOrganizationRequest, {
    name: options.name,
    ...(slug !== undefined && { slug }),
    ...(owner !== undefined && { owner }),
  });
  if (!made.ok) return made.failure;
  const name = `organization/${made.value.slug}`;
  await session.print.done(made.value, { text: `${name} created`, name });
  session.print.note(`Next: astroctl auth login --org-id ${made.value.slug}`);
  return 0;
}

/** Runs `org rename NAME`, and stores the new slug with this machine's keys. */
export async function orgRename(
  { name, slug }: Options<typeof organizationCommands.orgRename>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const changed = await session.call(changeOrganizationRequest, { org, name, ...(slug !== undefined && { slug }) });
  if (!changed.ok) return changed.failure;
  const { id, slug: present } = changed.value;
  await session.config.update(session.flags.apiUrl, (api) => {
    api.organizations = api.organizations.map((stored) => (stored.id === id ? { ...stored, slug: present } : stored));
  });
  const text = `organization/${present} renamed: ${changed.value.name}`;
  await session.print.done(changed.value, { text, name: `organization/${present}` });
  return 0;
}

/** Runs `org set KEY=VALUE...`: changes settings of the current organization. */
export async function orgSet(
  { setting }: Options<typeof organizationCommands.orgSet>,
  session: Session,
): Promise<Outcome> {
  const settings = readSettings(setting);
  if (isCommandError(settings)) return settings;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const changed = await session.call(changeOrganizationRequest, { org, settings });
  if (!changed.ok) return changed.failure;
  const text = `organization/${changed.value.slug} changed`;
  await session.print.done(changed.value, { text, name: `organization/${changed.value.slug}` });
  if (session.print.format === 'table' || session.print.format === 'wide')
    await session.print.one(changed.value.settings, { lines: SETTINGS });
  return 0;
}

const SWITCH: Readonly<Record<string, boolean>> = { yes: true, true: true, no: false, false: false };

/** Parses `KEY=VALUE` arguments. An empty value restores the setting's default. */
function readSettings(words: readonly string[]) {
  const settings: { -readonly [S in keyof OrganizationSettings]?: OrganizationSettings[S] } = {};
  for (const word of words) {
    const [name] = word.split('=', 1);
    const key = SETTINGS.find((known) => known === name);
    if (key === undefined || !word.includes('='))
      return usage(`${word} is not a setting.`, `use KEY=VALUE with one of ${SETTINGS.join(', ')}`);
    const value = word.slice(key.length + 1);
    if (key === 'viewersReadLogs' || key === 'revokeLeakedKeys') {
      const isOn = value === '' ? DEFAULT_SETTINGS[key] : SWITCH[value];
      if (isOn === undefined) return usage(`${value} is not a value of ${key}.`, 'choose yes or no');
      settings[key] = isOn;
    } else settings[key] = value === '' ? null : value;
  }
  return settings;
}

/** Runs `org use NAME`: sets the organization that later commands on this machine use. */
export async function orgUse(options: Options<typeof organizationCommands.orgUse>, session: Session): Promise<Outcome> {
  const name = options.name;
  const { organizations } = session.config.api(session.flags.apiUrl);
  const found = organizations.find(({ id, slug }) => id === name || slug === name);
  if (!found) return noKeyFor(name, session);
  await session.config.update(session.flags.apiUrl, (api) => void (api.currentOrg = found.id));
  session.print.note(`Now using organization ${found.slug}.`);
  return 0;
}

/**
 * Returns the error for an organization without a local key: it does not exist for the user, or only the key is
 * missing.
 */
async function noKeyFor(name: string, session: Session): Promise<CommandError> {
  const [anyKey] = session.config.api(session.flags.apiUrl).organizations; // any key lists all of its user
  const listed = await session.list(listOrganizationsRequest, {}, anyKey ? { credential: anyKey.key } : {});
  if (!listed.ok) return listed.failure;
  const items = listed.value;
  return items.some(({ id, slug }) => id === name || slug === name)
    ? localError(
        EXIT_CODES.unauthenticated,
        `This machine has no key for organization ${name}.`,
        `Run: astroctl auth login --org-id ${name}`,
      )
    : localError(
        EXIT_CODES['not-found'],
        `Organization ${name} not found, or you are not a member. You are a member of ${items.map(({ slug }) => slug).join(', ') || 'none'}.`,
        'astroctl org list',
      );
}

interface MemberRow {
  readonly id: string;
  readonly email: string | null;
  readonly role: string;
  readonly kind: string;
  readonly audit: boolean;
  readonly since: string;
}
const MEMBER_COLUMNS: readonly Column<MemberRow>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'EMAIL', value: ({ email }) => email },
  { title: 'ROLE', value: ({ role }) => role },
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'AUDIT', value: ({ audit }) => audit },
  { title: 'SINCE', value: ({ since }) => since },
];

/** Runs `org members`: prints the members of the current organization, with `--as-of` those of an earlier time. */
export async function orgMembers(
  { 'as-of': asOf }: Options<typeof organizationCommands.orgMembers>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const listed = await session.list(listMembersRequest, { org, ...(asOf !== undefined && { asOf }) });
  if (!listed.ok) return listed.failure;
  await session.print.list(listed.value, { columns: MEMBER_COLUMNS, name: ({ id }) => `member/${id}` });
  return 0;
}

/** Returns the member given by `--user` or `--service NAME`, as the API expects it. */
const memberOf = ({ user, service }: { readonly user: string | undefined; readonly service: string | undefined }) =>
  user ?? (service === undefined ? undefined : `service:${service}`);

/** Runs `org add-user`. The user must have logged in before; the membership starts immediately. */
export async function orgAddUser(
  options: Options<typeof organizationCommands.orgAddUser>,
  session: Session,
): Promise<Outcome> {
  const user = memberOf(options);
  if (user === undefined) return usage('Specify whom to add.', 'add --user ID, or --service NAME');
  return setRole(session, user, options.role, true);
}

/** Runs `org set-role`: changes the role of a member, and adds nobody. */
export const orgSetRole = (
  options: Options<typeof organizationCommands.orgSetRole>,
  session: Session,
): Promise<Outcome> => setRole(session, options.member, options.role, false);

async function setRole(session: Session, user: string, role: string, add: boolean): Promise<Outcome> {
  if (!isRole(role)) return usage(`${role} is not a role.`, 'choose viewer, editor, admin, or owner');
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const set = await session.call(setMemberRequest, { org, user, role, add });
  if (!set.ok) return set.failure;
  const name = `member/${set.value.email ?? set.value.name ?? set.value.id}`;
  await session.print.done(set.value, { text: `${name} ${add ? 'added' : 'changed'}: ${set.value.role}`, name });
  return 0;
}

/** Runs `org remove-user`. The member's keys stop working immediately. */
export async function orgRemoveUser(
  options: Options<typeof organizationCommands.orgRemoveUser>,
  session: Session,
): Promise<Outcome> {
  const user = memberOf(options);
  if (user === undefined) return usage('Specify whom to remove.', 'add --user ID, or --service NAME');
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const removed = await session.call(removeMemberRequest, { org, user }, { dryRun: options['dry-run'] });
  if (!removed.ok) return removed.failure;
  const text = `member/${user} ${options['dry-run'] ? 'would be removed (dry run)' : 'removed'}`;
  await session.print.done(removed.value, { text, name: `member/${user}` });
  return 0;
}
