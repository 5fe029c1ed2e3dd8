import { revokeKeyRequest } from '#access-keys/contract';
import { EXIT_CODES, isCommandError, usage, type Column, type Options, type Outcome, type Session } from '#cli';
import type { OutputOf } from '#bus/contract';
import {
  endSessionRequest,
  endSessionsRequest,
  eraseUserRequest,
  listSessionsRequest,
  listUsersRequest,
  meRequest,
  passwordLinkRequest,
  setGlobalRoleRequest,
  setUserStateRequest,
} from '#identity/contract';

import type { authCommands } from './commands.cli.ts';

const WHOAMI = [
  'userId',
  'email',
  'globalRole',
  'organization',
  'orgId',
  'orgRole',
  'plan',
  'accessKey',
  'keyId',
  'keyRole',
  'keyExpires',
  'keySource',
  'apiUrl',
] as const;

/** Runs `whoami`: prints the user, organization, and key of requests from this machine, and the source of the key. */
export async function whoami(_options: Options<typeof authCommands.whoami>, session: Session): Promise<Outcome> {
  const credential = session.flags.asAdmin ? { source: 'login' } : await session.credential();
  if (isCommandError(credential)) return credential;
  const me = await session.call(
    meRequest,
    session.flags.asAdmin && session.flags.org ? { org: session.flags.org } : {},
  );
  if (!me.ok) return me.failure;
  await session.print.one(
    { ...me.value, keySource: credential.source, apiUrl: session.flags.apiUrl },
    { lines: WHOAMI, name: ({ userId }) => `user/${userId}` },
  );
  return 0;
}

/** Runs `auth status`: prints the same as `whoami` on one line. */
export async function authStatus(
  _options: Options<typeof authCommands.authStatus>,
  session: Session,
): Promise<Outcome> {
  const credential = await session.credential();
  if (isCommandError(credential)) return credential;
  const me = await session.call(meRequest, {});
  if (!me.ok) return me.failure;
  const { email, userId, organization, orgRole, keyExpires } = me.value;
  if (session.print.format !== 'table' && session.print.format !== 'wide')
    await session.print.one(
      { ...me.value, keySource: credential.source, apiUrl: session.flags.apiUrl },
      { lines: WHOAMI, name: () => `user/${userId}` },
    );
  else
    session.print.line(
      `Logged in at ${session.flags.apiUrl} as ${email ?? userId}, ${orgRole ?? 'no member'} of ${organization ?? '-'}; key from ${credential.source}, ${keyExpires === null ? 'does not expire' : `expires ${keyExpires}`}`,
    );
  return 0;
}

/**
 * Runs `auth logout`: revokes the key of this machine and removes it from the configuration. It may be revoked already.
 */
export async function authLogout(options: Options<typeof authCommands.authLogout>, session: Session): Promise<Outcome> {
  if (options.everywhere) return logoutEverywhere(session);
  const credential = await session.credential();
  if (isCommandError(credential)) return credential;
  const { stored } = credential;
  if (!stored)
    return {
      failure: true,
      exit: 2,
      detail: `The key comes from ${credential.source}, not from this machine's configuration.`,
      fix: 'unset ASTROPULSE_API_KEY; to revoke the key: astroctl key revoke ID',
    };
  session.config.assertWritable(); // a revoked key must be removed from the file
  const revoked = await session.call(revokeKeyRequest, { org: stored.id, key: stored.keyId, reason: 'logout' });
  if (
    !revoked.ok &&
    revoked.failure.exit !== EXIT_CODES.unauthenticated &&
    revoked.failure.exit !== EXIT_CODES['not-found']
  )
    return revoked.failure;
  await session.config.update(session.flags.apiUrl, (api) => {
    api.organizations = api.organizations.filter(({ id }) => id !== stored.id);
    delete api.login;
    if (api.currentOrg === stored.id) delete api.currentOrg;
  });
  session.print.note(`Logged out of ${stored.slug}; its key on this machine is revoked.`);
  const { organizations, currentOrg } = session.config.api(session.flags.apiUrl);
  const [next, ...others] = organizations;
  if (currentOrg === undefined && next)
    session.print.note(
      others.length === 0
        ? `Now using organization ${next.slug}.`
        : `This machine has keys for ${organizations.map(({ slug }) => slug).join(', ')}; choose one: astroctl org use NAME`,
    );
  return 0;
}

/** Ends all sessions, refresh tokens, and login keys of the user. Keys from `key create` remain valid. */
async function logoutEverywhere(session: Session): Promise<Outcome> {
  session.config.assertWritable(); // revoked keys must be removed from the file
  const ended = await session.call(endSessionsRequest, {});
  if (!ended.ok) return ended.failure;
  const { issuer, sessions, keys } = ended.value;
  await session.config.update(session.flags.apiUrl, (api) => {
    api.organizations = api.organizations.filter(({ keyId }) => !keys.includes(keyId));
    delete api.login;
    if (!api.organizations.some(({ id }) => id === api.currentOrg)) delete api.currentOrg;
  });
  session.print.note(
    issuer === 'external'
      ? `Logged out everywhere. Login keys revoked: ${keys.length}. End your sessions at the login service as well.`
      : `Logged out everywhere. Sessions ended: ${sessions}. Login keys revoked: ${keys.length}.`,
  );
  session.print.note('Keys that you created yourself still work; list them: astroctl key list');
  return 0;
}

type SessionRow = OutputOf<typeof listSessionsRequest>['items'][number];

const SESSION_COLUMNS: readonly Column<SessionRow>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'CLIENT', value: ({ client }) => client },
  { title: 'STARTED', value: ({ startedAt }) => startedAt },
  { title: 'LAST-USED', value: ({ lastUsedAt }) => lastUsedAt },
  { title: 'EXPIRES', value: ({ expiresAt }) => expiresAt },
];

/** Runs `auth sessions list`: prints all pages. */
export async function authSessionsList(
  _options: Options<typeof authCommands.authSessionsList>,
  session: Session,
): Promise<Outcome> {
  const listed = await session.list(listSessionsRequest, {});
  if (!listed.ok) return listed.failure;
  await session.print.list(listed.value, {
    columns: SESSION_COLUMNS,
    name: ({ id }) => `session/${id}`,
    empty: 'No sessions of the console, or at the built-in issuer.',
  });
  return 0;
}

/** Runs `auth sessions end ID`, or with `--others` for all sessions except that of `--keep`. */
export async function authSessionsEnd(
  { id, others = false, keep }: Options<typeof authCommands.authSessionsEnd>,
  session: Session,
): Promise<Outcome> {
  if (others && id !== undefined)
    return usage('--others takes no ID of a session to end.', 'to keep that session: --others --keep ID');
  if (others) return endOtherSessions(keep, session);
  if (keep !== undefined) return usage('--keep requires --others.', 'see: astroctl auth sessions end -h');
  if (id === undefined) return usage('Which session is missing.', 'add its ID: astroctl auth sessions list');
  const ended = await session.call(endSessionRequest, { session: id });
  if (!ended.ok) return ended.failure;
  await session.print.done(ended.value, { text: `session/${id} ended`, name: `session/${id}` });
  return 0;
}

async function endOtherSessions(keep: string | undefined, session: Session): Promise<Outcome> {
  const ended = await session.call(endSessionsRequest, { others: true, ...(keep !== undefined && { keep }) });
  if (!ended.ok) return ended.failure;
  const { issuer, sessions } = ended.value;
  await session.print.done(ended.value, { text: `sessions ended: ${sessions}`, name: 'session/others' });
  if (issuer === 'external') session.print.note('End your sessions at the login service as well.');
  return 0;
}

interface UserRow {
  readonly id: string;
  readonly email: string | null;
  readonly globalRole: string;
  readonly state: string;
  readonly lastLogin: string | null;
}

const USER_COLUMNS: readonly Column<UserRow>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'EMAIL', value: ({ email, state }) => email ?? (state === 'ERASED' ? 'erased user' : null) },
  { title: 'GLOBAL-ROLE', value: ({ globalRole }) => globalRole },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'LAST-LOGIN', value: ({ lastLogin }) => lastLogin },
];
const USERS = { columns: USER_COLUMNS, name: ({ id }: UserRow) => `user/${id}` };

/** Runs `user list`: prints all pages. */
export async function userList(_options: Options<typeof authCommands.userList>, session: Session): Promise<Outcome> {
  const listed = await session.list(listUsersRequest, {});
  if (!listed.ok) return listed.failure;
  await session.print.list(listed.value, USERS);
  return 0;
}

/** Runs `user set-global-role`. */
export async function userSetGlobalRole(
  options: Options<typeof authCommands.userSetGlobalRole>,
  session: Session,
): Promise<Outcome> {
  const role = options.role === 'admin' ? 'admin' : 'developer';
  const changed = await session.call(setGlobalRoleRequest, { user: options.user, role });
  if (!changed.ok) return changed.failure;
  const name = `user/${changed.value.email ?? changed.value.id}`;
  await session.print.done(changed.value, { text: `${name} ${role}`, name });
  return 0;
}

/** Runs `user suspend`. */
export const userSuspend = ({ user }: Options<typeof authCommands.userSuspend>, session: Session): Promise<Outcome> =>
  setState(user, 'SUSPENDED', session);

/** Runs `user restore`. */
export const userRestore = ({ user }: Options<typeof authCommands.userRestore>, session: Session): Promise<Outcome> =>
  setState(user, 'ACTIVE', session);

async function setState(user: string, state: 'ACTIVE' | 'SUSPENDED', session: Session): Promise<Outcome> {
  const changed = await session.call(setUserStateRequest, { user, state });
  if (!changed.ok) return changed.failure;
  const name = `user/${changed.value.email ?? changed.value.id}`;
  await session.print.done(changed.value, { text: `${name} ${state === 'ACTIVE' ? 'restored' : 'suspended'}`, name });
  return 0;
}

/** Runs `user erase`: shows what ends, and asks for confirmation. */
export async function userErase(
  { user, 'dry-run': dryRun }: Options<typeof authCommands.userErase>,
  session: Session,
): Promise<Outcome> {
  const planned = await session.call(eraseUserRequest, { user }, { dryRun: true });
  if (!planned.ok) return planned.failure;
  const { id, organizations } = planned.value;
  const name = `user/${id}`;
  session.print.note(
    `The name, address, and logins of ${user} are destroyed; their keys end.` +
      (organizations.length === 0 ? '' : ` They leave ${organizations.join(', ')}.`),
  );
  if (dryRun) {
    await session.print.done(planned.value, { text: `${name} would be erased (dry run)`, name });
    return 0;
  }
  const sure = await session.confirm(`Erase ${user}? This cannot be undone.`);
  if (isCommandError(sure)) return sure;
  const erased = await session.call(eraseUserRequest, { user: id });
  if (!erased.ok) return erased.failure;
  await session.print.done(erased.value, { text: `${name} erased`, name });
  return 0;
}

/** Runs `user reset-password USER`. The password is unchanged until somebody uses the link. */
export async function userResetPassword(
  { user }: Options<typeof authCommands.userResetPassword>,
  session: Session,
): Promise<Outcome> {
  const created = await session.call(passwordLinkRequest, { user });
  if (!created.ok) return created.failure;
  const { link, mailed, expiresAt } = created.value;
  await session.print.done(created.value, { text: `password link of ${user} created`, name: `user/${user}` });
  if (link !== null) {
    session.print.note(
      `No mail server is configured. Hand over this link yourself (it works once, until ${expiresAt}):`,
    );
    session.print.note(`  ${link}`);
  } else if (mailed) session.print.note(`An e-mail with the link goes to ${user}, valid until ${expiresAt}.`);
  else session.print.note('The link was already shown. For another one, run this command again.');
  return 0;
}
