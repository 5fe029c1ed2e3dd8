import { isRole, maskAccessKey, parseAccessKey } from '#access';
import {
  createKeyRequest,
  getKeyRequest,
  listKeysRequest,
  reportLeakedKeyRequest,
  revokeKeyRequest,
  rotateKeyRequest,
  type AccessKeyView,
} from '#access-keys/contract';
import { isCommandError, readAll, usage, type Column, type Options, type Outcome, type Session } from '#cli';
import type { keyCommands } from './commands.cli.ts';

const COLUMNS: readonly Column<AccessKeyView>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'KEY', value: ({ key }) => key },
  { title: 'SOURCE', value: ({ source }) => source },
  { title: 'STATUS', value: ({ status }) => status },
  { title: 'EXPIRES', value: ({ expires }) => expires },
  { title: 'LAST-USED', value: ({ lastUsed }) => lastUsed },
  { title: 'LEAKED', value: ({ leakedAt }) => leakedAt, wide: true },
  { title: 'ROLE', value: ({ role }) => role, wide: true },
  { title: 'OWNER', value: ({ owner, memberId }) => owner ?? memberId, wide: true },
];
const LINES = [
  'id',
  'name',
  'key',
  'source',
  'status',
  'role',
  'owner',
  'createdAt',
  'expires',
  'lastUsed',
  'leakedAt',
] as const;

/**
 * Runs `key list`: prints the caller's keys, masked, or those of all members for an admin. Names leaked, active keys.
 */
export async function keyList(_options: Options<typeof keyCommands.keyList>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const listed = await session.list(listKeysRequest, { org });
  if (!listed.ok) return listed.failure;
  await session.print.list(listed.value, {
    columns: COLUMNS,
    name: ({ id }) => `key/${id}`,
    empty: 'No keys.',
  });
  for (const { id, leakedAt, status } of listed.value)
    if (leakedAt !== null && (status === 'ACTIVE' || status === 'ROTATED'))
      session.print.note(
        `Warning: ${id} leaked at ${leakedAt} and still works. Replace it: astroctl key create, then astroctl key revoke ${id}`,
      );
  return 0;
}

/** Runs `key get ID`. */
export async function keyGet(options: Options<typeof keyCommands.keyGet>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(getKeyRequest, { org, key: options.id });
  if (!found.ok) return found.failure;
  await session.print.one(found.value, { lines: LINES, name: ({ id }) => `key/${id}` });
  return 0;
}

/** Runs `key create`: prints only the key to standard output, and how to use it to standard error. */
export async function keyCreate(options: Options<typeof keyCommands.keyCreate>, session: Session): Promise<Outcome> {
  const name = options.name;
  if (name === undefined) return usage('A key needs a name.', 'astroctl key create --name ci');
  const role = options.role;
  if (role !== undefined && !isRole(role))
    return usage(`${role} is not a role.`, 'choose viewer, editor, admin, or owner');
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const { expires, service } = options;
  const made = await session.call(createKeyRequest, {
    org,
    name,
    ...(role !== undefined && { role }),
    ...(expires !== undefined && { expires }),
    ...(service !== undefined && { service }),
  });
  return made.ok ? showKey(made.value, session) : made.failure;
}

/** Runs `key rotate ID`. If this machine uses the replaced key, stores the new one. */
export async function keyRotate(options: Options<typeof keyCommands.keyRotate>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const { apiUrl } = session.flags;
  const isStored = session.config.api(apiUrl).organizations.some(({ keyId }) => keyId === options.id);
  if (isStored) session.config.assertWritable(); // the new key is shown only once
  const rotated = await session.call(rotateKeyRequest, { org, key: options.id, grace: options.grace });
  if (!rotated.ok) return rotated.failure;
  const { id: keyId, secret: key, expires: expiresAt, replaced } = rotated.value;
  if (isStored && key !== null)
    await session.config.update(apiUrl, (api) => {
      api.organizations = api.organizations.map((stored) =>
        stored.keyId === replaced.id ? { ...stored, key, keyId, expiresAt } : stored,
      );
    });
  const outcome = await showKey(rotated.value, session);
  if (isStored && key !== null) session.print.note('This machine uses the new key from now on.');
  session.print.note(`The replaced key (${replaced.id}) ends at ${replaced.worksUntil}.`);
  return outcome;
}

/** Prints a new key to standard output, and how to use it to standard error. */
async function showKey(made: AccessKeyView & { readonly secret: string | null }, session: Session): Promise<Outcome> {
  const { secret, id } = made;
  if (secret === null)
    return {
      failure: true,
      exit: 1,
      detail: `Key ${id} was created by an earlier request, which showed its secret.`,
      fix: `astroctl key revoke ${id}, then create another`,
    };
  if (session.print.format === 'json' || session.print.format === 'yaml')
    await session.print.one(made, { lines: LINES });
  else if (session.print.format === 'name') session.print.line(`key/${id}`);
  else session.print.line(secret);
  session.print.note(`This key (${id}) is shown only once. To use it:`);
  session.print.note('  export ASTROPULSE_API_KEY=<the key>');
  session.print.note(`  export ASTROPULSE_API_URL=${session.flags.apiUrl}`);
  return 0;
}

/** Runs `key revoke ID`. */
export async function keyRevoke(options: Options<typeof keyCommands.keyRevoke>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const reason = options.reason;
  const dryRun = options['dry-run'];
  const revoked = await session.call(
    revokeKeyRequest,
    { org, key: options.id, ...(reason !== undefined && { reason }) },
    { dryRun },
  );
  if (!revoked.ok) return revoked.failure;
  const text = `key/${revoked.value.id} ${dryRun ? 'would be revoked (dry run)' : 'revoked'}`;
  await session.print.done(revoked.value, { text, name: `key/${revoked.value.id}` });
  if (dryRun) session.print.note(whatStops(revoked.value));
  return 0;
}

/** Describes what the revocation of a key ends. */
function whatStops({ name, role, owner, memberId, lastUsed, status }: AccessKeyView): string {
  const who = `${name}, with the role ${role}, of ${owner ?? memberId}`;
  if (status !== 'ACTIVE' && status !== 'ROTATED') return `${who}: the key is ${status}; nothing stops.`;
  const use = lastUsed === null ? 'it has not been used' : `last used ${lastUsed}`;
  return `${who}: every request with this key would be refused; ${use}.`;
}

/** Runs `key report`: reports a leaked key. Anybody who has the key can report it, without a login. */
export async function keyReport(_options: Options<typeof keyCommands.keyReport>, session: Session): Promise<Outcome> {
  const key = (await readAll(session.io.stdin, 10_000)).trim();
  if (!parseAccessKey(key))
    return usage(
      'Standard input does not contain an access key.',
      'pipe the whole key: astroctl key report < leaked-key.txt',
    );
  const reported = await session.call(reportLeakedKeyRequest, { key });
  if (!reported.ok) return reported.failure;
  await session.print.done({ reported: true }, { text: 'key reported', name: `key/${maskAccessKey(key)}` });
  session.print.note('If the platform knows the key, it is revoked.');
  return 0;
}
