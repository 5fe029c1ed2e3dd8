import { DEFAULT_SETTINGS, type OrganizationSettings } from '#access';
import { isRole } from '#access';
import { getUsageRequest } from '#billing/contract';
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
  deleteOrganizationRequest,
  getOrganizationRequest,
  leaveOrganizationRequest,
  listMembersRequest,
  listOrganizationsRequest,
  removeMemberRequest,
  setMemberRequest,
  type MemberLoss,
  type OrganizationView,
} from '#organizations/contract';
import type { OutputOf } from '#bus/contract';
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
  { title: 'STATUS', value: ({ status }) => status, wide: true },
];
/** Limits of the plan that `org get` shows with their use. */
const COUNTED = ['members', 'clusters', 'applications', 'profiles', 'activeKeys'] as const;
const LINES = ['id', 'name', 'slug', 'status', 'role', 'plan', ...COUNTED, 'createdAt'] as const;
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
  for (const organization of listed.value) noteDeletion(organization, session);
  return 0;
}

/** Prints why a deletion in progress is not complete, and what completes it. */
function noteDeletion({ slug, deletion }: Pick<OrganizationView, 'slug' | 'deletion'>, session: Session): void {
  if (!deletion) return;
  session.print.note(`${slug} is being deleted; ${deletion.reason}`);
  if (deletion.fix !== null) session.print.note(`Fix:   ${deletion.fix}`);
}

/** Runs `org get [NAME]`: prints an organization, by default the current one. */
export async function orgGet(options: Options<typeof organizationCommands.orgGet>, session: Session): Promise<Outcome> {
  const org = options.name ?? (await session.organization());
  if (isCommandError(org)) return org;
  const found = await session.call(getOrganizationRequest, { org });
  if (!found.ok) return found.failure;
  const usage = await session.call(getUsageRequest, { org });
  const { members, memberLimit, settings, ...organization } = found.value;
  // An organization is shown without its use if that is not available.
  const limits: Partial<Record<(typeof COUNTED)[number], Use>> = usage.ok
    ? usage.value.limits
    : { members: { used: members, limit: memberLimit } };
  const counts = mapCounted((limit) => limits[limit] ?? { used: null, limit: null });
  const name = ({ slug }: { readonly slug: string }) => `organization/${slug}`;
  if (session.print.format === 'json' || session.print.format === 'yaml')
    await session.print.one({ ...organization, ...counts, settings }, { lines: [], name });
  else {
    const shown = { ...settings, ...organization, ...mapCounted((limit) => useText(counts[limit])) };
    await session.print.one(shown, { lines: [...LINES, ...SETTINGS], name });
  }
  noteDeletion(found.value, session);
  return 0;
}

type Use = OutputOf<typeof getUsageRequest>['limits'][(typeof COUNTED)[number]];

const useText = ({ used, limit }: Use): string | null =>
  used === null && limit === null ? null : `${used ?? '-'}/${limit ?? 'unlimited'}`;

/** Returns an object with a value for each counted limit. */
const mapCounted = <T>(valueOf: (limit: (typeof COUNTED)[number]) => T): Record<(typeof COUNTED)[number], T> => ({
  members: valueOf('members'),
  clusters: valueOf('clusters'),
  applications: valueOf('applications'),
  profiles: valueOf('profiles'),
  activeKeys: valueOf('activeKeys'),
});

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

type MemberRow = Omit<OutputOf<typeof listMembersRequest>['items'][number], 'name'> & { readonly name: string | null };
const MEMBER_COLUMNS: readonly Column<MemberRow>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'EMAIL', value: ({ email, name }) => email ?? name },
  { title: 'ROLE', value: ({ role }) => role },
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'AUDIT', value: ({ audit }) => audit },
  { title: 'SINCE', value: ({ since }) => since },
  { title: 'UNTIL', value: ({ until }) => until, wide: true },
  { title: 'AUDIT-UNTIL', value: ({ auditUntil }) => auditUntil, wide: true },
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
  if (!isRole(options.role)) return usage(`${options.role} is not a role.`, 'choose viewer, editor, admin, or owner');
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const { until, role } = options;
  const wanted = { org, user, role, add: true, ...(until !== undefined && { until }) };
  const set = await session.call(setMemberRequest, wanted);
  if (!set.ok) return set.failure;
  const name = `member/${set.value.email ?? set.value.name ?? set.value.id}`;
  await session.print.done(set.value, { text: `${name} added: ${described(set.value)}`, name });
  return 0;
}

/** Runs `org set-role`: changes the role of a member, and adds nobody. Prints what the member loses. */
export async function orgSetRole(
  options: Options<typeof organizationCommands.orgSetRole>,
  session: Session,
): Promise<Outcome> {
  const { role, until, audit } = options;
  const auditUntil = options['audit-until'];
  if (auditUntil !== undefined && !audit) return usage('--audit-until needs --audit.', 'add --audit');
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const wanted = {
    org,
    user: addressed(options.member),
    role,
    add: false,
    audit,
    ...(until !== undefined && { until }),
    ...(auditUntil !== undefined && { auditUntil }),
  };
  const dryRun = options['dry-run'];
  const set = await session.call(setMemberRequest, wanted, { dryRun });
  if (!set.ok) return set.failure;
  const { lost } = set.value;
  const who = set.value.email ?? set.value.name ?? set.value.id;
  const before = lost.role === null ? 'ended' : `${lost.role}${lost.audit ? ' with audit' : ''}`;
  const text = `${who}: ${before} → ${described(set.value)}${summarized(lost)}${dryRun ? ' (dry run)' : ''}`;
  await session.print.done(set.value, { text, name: `member/${who}` });
  if (dryRun) noteLosses(lost, session);
  return 0;
}

/** Returns a member as the API expects it: the name of a service member gets its prefix. */
const addressed = (member: string): string =>
  /^[a-z][a-z0-9-]{0,39}$/.test(member) && !/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(member) ? `service:${member}` : member;

const described = ({ role, audit, until, auditUntil }: Pick<MemberRow, 'role' | 'audit' | 'until' | 'auditUntil'>) =>
  `${role}${until === null ? '' : ` until ${until}`}` +
  `${audit ? ` with audit${auditUntil === null ? '' : ` until ${auditUntil}`}` : ''}`;

/** Returns what is lost in a few words: `; 2 keys shrink to read-only, 1 invitation ends`. */
function summarized({ keys, invitations }: MemberLoss): string {
  const ending = keys.filter(({ role }) => role === null).length;
  const shrinking = keys.length - ending;
  const [first] = keys.flatMap(({ role }) => role ?? []);
  const to = first === 'viewer' ? 'read-only' : (first ?? '');
  const parts = [
    ...(shrinking > 0 ? [`${counted(shrinking, 'key')} ${shrinking === 1 ? 'shrinks' : 'shrink'} to ${to}`] : []),
    ...(ending > 0 ? [`${counted(ending, 'key')} ${ending === 1 ? 'ends' : 'end'}`] : []),
    ...(invitations.length > 0
      ? [`${counted(invitations.length, 'invitation')} ${invitations.length === 1 ? 'ends' : 'end'}`]
      : []),
  ];
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Prints each loss on a line of its own. */
function noteLosses({ permissions, keys, invitations }: MemberLoss, session: Session): void {
  for (const permission of permissions) session.print.note(`loses ${permission}`);
  for (const { id, name, role } of keys)
    session.print.note(role === null ? `key ${id} (${name}) ends` : `key ${id} (${name}) shrinks to ${role}`);
  for (const id of invitations) session.print.note(`invitation ${id} can no longer be accepted`);
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
  const dryRun = options['dry-run'];
  const removed = await session.call(removeMemberRequest, { org, user }, { dryRun });
  if (!removed.ok) return removed.failure;
  const text = `member/${user} ${dryRun ? 'would be removed (dry run)' : 'removed'}${summarized(removed.value.lost)}`;
  await session.print.done(removed.value, { text, name: `member/${user}` });
  if (dryRun) noteLosses(removed.value.lost, session);
  return 0;
}

/** Runs `org leave`: shows what ends, asks for confirmation, and leaves the current organization. */
export async function orgLeave(
  options: Options<typeof organizationCommands.orgLeave>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const planned = await session.call(leaveOrganizationRequest, { org }, { dryRun: true });
  if (!planned.ok) return planned.failure;
  const { slug } = session.config.api(session.flags.apiUrl).organizations.find(({ id }) => id === org) ?? { slug: org };
  const name = `organization/${slug}`;
  if (options['dry-run']) {
    const text = `${name} would be left (dry run)${summarized(planned.value.lost)}`;
    await session.print.done(planned.value, { text, name });
    noteLosses(planned.value.lost, session);
    return 0;
  }
  session.print.note(`You lose your access to ${slug}${summarized(planned.value.lost)}.`);
  const sure = await session.confirm(`Leave ${slug}?`);
  if (isCommandError(sure)) return sure;
  const left = await session.call(leaveOrganizationRequest, { org });
  if (!left.ok) return left.failure;
  await forget(org, session);
  await session.print.done(left.value, { text: `${name} left`, name });
  return 0;
}

/** Runs `org delete`: shows what is deleted, asks for the organization's name, and deletes the organization. */
export async function orgDelete(
  { confirm, cascade, orphan, 'dry-run': dryRun }: Options<typeof organizationCommands.orgDelete>,
  session: Session,
): Promise<Outcome> {
  if (orphan && !cascade) return usage('--orphan needs --cascade.', 'add --cascade');
  // The request requires a login, which also works once the key of this machine has ended.
  const org = session.flags.org ?? (await session.organization());
  if (isCommandError(org)) return org;
  const planned = await session.call(deleteOrganizationRequest, { org, cascade, orphan }, { dryRun: true });
  if (!planned.ok) return planned.failure;
  const { id, slug, deletes } = planned.value;
  const name = `organization/${slug}`;
  for (const line of deletedParts(deletes, orphan)) session.print.note(line);
  if (dryRun) {
    await session.print.done(planned.value, { text: `${name} would be deleted (dry run)`, name });
    return 0;
  }
  session.print.note(`All members lose their access to ${slug}, and its keys end. This cannot be undone.`);
  const sure = await session.confirmName(slug, confirm);
  if (isCommandError(sure)) return sure;
  const deleted = await session.call(deleteOrganizationRequest, { org: id, cascade, orphan });
  if (!deleted.ok) return deleted.failure;
  await forget(id, session);
  await session.print.done(deleted.value, { text: `${name} ${cascade ? 'is being deleted' : 'deleted'}`, name });
  if (cascade) session.print.note('To see what is left: astroctl org list');
  return 0;
}

/** Returns a line for each kind of object that is deleted with an organization. */
function deletedParts(
  { applications, profiles, clusters, keys }: OutputOf<typeof deleteOrganizationRequest>['deletes'],
  orphan: boolean,
): string[] {
  const kept = orphan ? ' (objects on the clusters are kept)' : '';
  const parts = [
    { noun: 'application', note: kept, ...applications },
    { noun: 'profile', note: '', ...profiles },
    { noun: 'registered cluster', note: ' (only from the platform)', ...clusters },
    { noun: 'key', note: '', ...keys },
  ];
  return parts
    .filter(({ count }) => count > 0)
    .map(({ noun, note, count, names }) => {
      const more = count > names.length ? `, and ${count - names.length} more` : '';
      return `Deletes ${counted(count, noun)}${note}: ${names.join(', ')}${more}`;
    });
}

/** Removes the key of an organization from this machine. */
const forget = (org: string, session: Session): Promise<void> =>
  session.config.update(session.flags.apiUrl, (api) => {
    api.organizations = api.organizations.filter(({ id }) => id !== org);
    if (api.currentOrg === org) delete api.currentOrg;
  });
