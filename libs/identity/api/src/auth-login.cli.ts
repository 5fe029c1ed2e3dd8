import { loginRequest } from '#access-keys/contract';
import { parseAccessKey } from '#access';
import {
  EXIT_CODES,
  hasTerminal,
  isCommandError,
  localError,
  readAll,
  usage,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
  type StoredApi,
  type StoredKey,
} from '#cli';
import { meRequest } from '#identity/contract';
import {
  acceptInvitationRequest,
  declineInvitationRequest,
  listOrganizationsRequest,
  listOwnInvitationsRequest,
  type OrganizationView,
} from '#organizations/contract';
import { deviceLogin } from './device-login.cli.ts';
import type { loginCommands } from './commands.cli.ts';

/** Runs `auth login`: a device login, then chooses an organization and creates a key for this machine. */
export async function authLogin(options: Options<typeof loginCommands.authLogin>, session: Session): Promise<Outcome> {
  session.config.assertWritable(); // the server revokes this machine's old key when it issues a new one
  if (options['with-token']) return storeProvidedKey(session);
  const account = await accountOf(options, session);
  if (isCommandError(account)) return account;
  if (!account && !options['no-browser'] && !hasTerminal(session.io))
    return usage(
      'Login required, but there is no terminal.',
      'astroctl auth login --username EMAIL --password-stdin, or: astroctl auth login --with-token',
    );
  const token = await deviceLogin(session, { openBrowser: !options['no-browser'], ...(account && { account }) });
  if (isCommandError(token)) return token;

  const chosen = await chooseOrganization(session, token);
  if (isCommandError(chosen)) return chosen;
  const login = await session.call(
    loginRequest,
    { machine: session.io.hostname, ...(chosen !== undefined && { orgId: chosen }) },
    { credential: token.accessToken },
  );
  if (!login.ok) {
    const { failure } = login;
    return failure.exit === EXIT_CODES['not-found'] && session.flags.org !== undefined
      ? { ...failure, detail: `Organization ${session.flags.org} not found, or you are not a member.` }
      : failure;
  }
  const { organization, key } = login.value;
  if (key.secret === null) return localError(1, 'The key of this login was already shown.', 'Run: astroctl auth login');
  await storeKey(
    session,
    { id: organization.id, slug: organization.slug, key: key.secret, keyId: key.id, expiresAt: key.expires },
    token,
  );
  session.print.note(
    `${organization.created ? `Created your organization ${organization.slug}. ` : ''}Logged in to ${organization.slug} as ${organization.role}; the key ${key.key} is in ${session.config.path}.`,
  );
  session.print.note('Next: astroctl whoami');
  return 0;
}

async function accountOf(
  options: Options<typeof loginCommands.authLogin>,
  { io }: Session,
): Promise<{ email: string; password: string } | undefined | CommandError> {
  const email = options.username;
  const fromStdin = options['password-stdin'];
  if (email === undefined && !fromStdin) return undefined;
  if (email === undefined || !fromStdin)
    return usage(
      '--username and --password-stdin must be used together.',
      'astroctl auth login --username EMAIL --password-stdin',
    );
  const password = (await readAll(io.stdin, 10_000)).replace(/\r?\n$/, '');
  return password === ''
    ? usage('No password on standard input.', 'pipe it: … | astroctl auth login --username EMAIL --password-stdin')
    : { email, password };
}

interface Token {
  readonly accessToken: string;
  readonly expiresAt: string;
}

/**
 * Returns the organization of the flag, the current, the default, or the only one; else prompts. A person without one
 * is offered their invitations. `undefined`: the server creates the default organization.
 */
async function chooseOrganization(session: Session, token: Token): Promise<string | undefined | CommandError> {
  if (session.flags.org !== undefined) return session.flags.org;
  const listed = await session.list(listOrganizationsRequest, {}, { credential: token.accessToken });
  if (!listed.ok) return listed.failure;
  const items = listed.value;
  if (items.length === 0) return offerInvitations(session, token);
  const { currentOrg } = session.config.api(session.flags.apiUrl);
  const found =
    items.find(({ id }) => id === currentOrg) ??
    items.find(({ isDefault, role }) => isDefault && role === 'owner') ??
    (items.length === 1 ? items[0] : undefined);
  return found ? found.id : promptForOrganization(session, items);
}

/**
 * Offers the pending invitations of a person without an organization. Accepting one replaces an organization of one's
 * own.
 *
 * @returns the organization of the accepted invitation; undefined if there is none, or all were declined
 */
async function offerInvitations(session: Session, token: Token): Promise<string | undefined | CommandError> {
  const credential = token.accessToken;
  const invitations = await session.list(listOwnInvitationsRequest, {}, { credential });
  if (!invitations.ok) return invitations.failure;
  if (invitations.value.length === 0) return undefined;
  if (!hasTerminal(session.io)) {
    // The login counts for the commands that answer, which need no second one.
    await session.config.update(session.flags.apiUrl, (api) => {
      api.login = { accessToken: token.accessToken, expiresAt: token.expiresAt };
    });
    for (const { id, organization, role, invitedBy } of invitations.value)
      session.print.note(`  ${id}  ${organization.slug}  ${role}  ${invitedBy ?? ''}`);
    return localError(
      EXIT_CODES.conflict,
      'You are logged in, and have pending invitations.',
      'astroctl org accept, or: astroctl org decline',
      'invitation/answer-first',
    );
  }
  for (const { id, organization, role, invitedBy } of invitations.value) {
    const by = invitedBy === null ? '' : ` by ${invitedBy}`;
    const answer = await ask(session, `You are invited to ${organization.slug} as ${role}${by}. Accept? [y/n] `);
    const contract = /^y(es)?$/i.test(answer) ? acceptInvitationRequest : declineInvitationRequest;
    if (contract === declineInvitationRequest && !/^no?$/i.test(answer))
      return usage(`${answer} is neither y nor n.`, 'astroctl org accept, or astroctl org decline');
    const answered = await session.call(contract, { token: id }, { credential });
    if (!answered.ok) return answered.failure;
    if (contract === acceptInvitationRequest) return organization.id;
  }
  return undefined;
}

async function ask({ io }: Session, question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: io.stdin, output: io.stderr });
  try {
    return (await terminal.question(question, { signal: io.interrupted })).trim();
  } finally {
    terminal.close();
  }
}

async function promptForOrganization(
  session: Session,
  items: readonly OrganizationView[],
): Promise<string | CommandError> {
  const { io } = session;
  if (!hasTerminal(io)) {
    return usage(
      `You belong to several organizations: ${items.map(({ slug }) => slug).join(', ')}.`,
      'choose one: astroctl auth login --org-id NAME',
    );
  }
  io.stderr.write(items.map(({ slug, role }, index) => `  ${index + 1}  ${slug}  ${role ?? ''}\n`).join(''));
  const answer = await ask(session, 'Organization (number or name): ');
  const found = items[Number(answer) - 1] ?? items.find(({ slug, id }) => slug === answer || id === answer);
  return (
    found?.id ?? usage(`${answer} is neither a number nor a name in the list.`, 'astroctl auth login --org-id NAME')
  );
}

/** Implements `--with-token`: reads a key from standard input, verifies it with the server, and stores it. */
async function storeProvidedKey(session: Session): Promise<Outcome> {
  const key = (await readAll(session.io.stdin, 10_000)).trim();
  if (!parseAccessKey(key))
    return localError(
      EXIT_CODES.unauthenticated,
      'The text on standard input is not an access key.',
      'keys begin with astro_; create one: astroctl key create --name NAME',
      'key/malformed',
    );
  const me = await session.call(meRequest, {}, { credential: key });
  if (!me.ok) return me.failure;
  const { orgId, organization, keyId, keyExpires } = me.value;
  if (orgId === null || organization === null || keyId === null)
    return localError(
      EXIT_CODES.unauthenticated,
      'The key no longer belongs to an organization.',
      'astroctl auth login',
    );
  await storeKey(session, { id: orgId, slug: organization, key, keyId, expiresAt: keyExpires });
  session.print.note(`The key of ${organization} is in ${session.config.path}. Next: astroctl whoami`);
  return 0;
}

async function storeKey(session: Session, stored: StoredKey, login?: Token): Promise<void> {
  const store = (api: StoredApi) => {
    api.organizations = [...api.organizations.filter(({ id }) => id !== stored.id), stored];
    api.currentOrg = stored.id;
    if (login) api.login = { accessToken: login.accessToken, expiresAt: login.expiresAt };
  };
  await session.config.update(session.flags.apiUrl, store, true);
}
