import { age, ExitCode, isCommandError, usage, type Column, type Options, type Outcome, type Session } from '#cli';
import {
  applyProfileRequest,
  deleteProfileRequest,
  getProfileRequest,
  getTierRequest,
  listProfilesRequest,
  listTiersRequest,
  type ProfileView,
} from '#deployments/contract';
import { readManifestFiles, withPlaces } from './manifest-files.cli.ts';
import type { profileCommands } from './commands.cli.ts';

const LINES = [
  'name',
  'cluster',
  'provider',
  'region',
  'tier',
  'protected',
  'apps',
  'revision',
  'createdAt',
  'description',
  'settings',
] as const satisfies readonly (keyof ProfileView)[];

/** Runs `app profile apply`. */
export async function profileApply(
  options: Options<typeof profileCommands.profileApply>,
  session: Session,
): Promise<Outcome> {
  const read = await readManifestFiles(
    options.filename,
    options.recursive,
    'ApplicationProfile',
    ['ApplicationProfile'],
    session.io,
  );
  if (isCommandError(read)) return read;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  for (const warning of read.warnings) session.print.note(`Warning: ${warning}`);
  const dryRun = options['dry-run'];
  for (const manifest of read.manifests) {
    if (manifest.kind !== 'ApplicationProfile')
      return usage(`${manifest.file} is not an ApplicationProfile.`, 'use: astroctl app apply -f FILE');
    const name = manifest.spec.profileName;
    const applied = await session.call(applyProfileRequest, { org, name, manifest: manifest.spec }, { dryRun });
    if (!applied.ok) return withPlaces(applied.failure, manifest);
    const text = `profile/${name} ${applied.value.outcome}${dryRun ? ' (dry run)' : ''}`;
    await session.print.done(applied.value, { text, name: `profile/${name}` });
  }
  return ExitCode.Success;
}

/** Runs `app profile get [NAME]`. */
export async function profileGet(
  options: Options<typeof profileCommands.profileGet>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const name = options.name;
  if (name !== undefined) {
    const found = await session.call(getProfileRequest, { org, name });
    if (!found.ok) return found.failure;
    await session.print.one(found.value, { lines: LINES, name: (value) => `profile/${value.name}` });
    return ExitCode.Success;
  }
  const listed = await session.list(listProfilesRequest, { org });
  if (!listed.ok) return listed.failure;
  const nowMs = session.io.clock.now();
  const columns: Column<ProfileView>[] = [
    { title: 'NAME', value: (row) => row.name },
    { title: 'CLUSTER', value: (row) => row.cluster },
    { title: 'PROVIDER', value: (row) => row.provider },
    { title: 'REGION', value: (row) => row.region },
    { title: 'TIER', value: (row) => row.tier },
    { title: 'APPS', value: (row) => row.apps },
    { title: 'AGE', value: (row) => age(row.createdAt, nowMs) },
  ];
  await session.print.list(listed.value, {
    columns,
    name: (row) => `profile/${row.name}`,
    empty: 'No profiles. Create one: astroctl app profile apply -f FILE',
  });
  return ExitCode.Success;
}

/** Runs `app profile delete NAME`. */
export async function profileDelete(
  options: Options<typeof profileCommands.profileDelete>,
  session: Session,
): Promise<Outcome> {
  const name = options.name;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const sure = await session.confirm(`Delete profile ${name}?`);
  if (isCommandError(sure)) return sure;
  const done = await session.call(deleteProfileRequest, { org, name });
  if (!done.ok) return done.failure;
  await session.print.done(done.value, { text: `profile/${name} deleted`, name: `profile/${name}` });
  return ExitCode.Success;
}

/** Runs `app profile tiers [TIER]`. */
export async function profileTiers(
  options: Options<typeof profileCommands.profileTiers>,
  session: Session,
): Promise<Outcome> {
  const tier = options.tier;
  const found =
    tier === undefined ? await session.call(listTiersRequest, {}) : await session.call(getTierRequest, { tier });
  if (!found.ok) return found.failure;
  const items = 'items' in found.value ? found.value.items : [found.value];
  type Row = (typeof items)[number];
  const columns: Column<Row>[] = [
    { title: 'TIER', value: (row) => row.tier },
    { title: 'REPLICAS', value: (row) => row.replicas },
    { title: 'AUTOSCALING', value: (row) => row.autoscaling },
    { title: 'CPU', value: (row) => row.cpu },
    { title: 'MEMORY', value: (row) => row.memory },
    { title: 'SPREAD', value: (row) => row.spread },
    { title: 'PRIORITY', value: (row) => row.priority },
  ];
  await session.print.list(items, { columns, name: (row) => `tier/${row.tier}` });
  return ExitCode.Success;
}
