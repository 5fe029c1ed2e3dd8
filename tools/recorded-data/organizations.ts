import { z } from 'zod';
import { call, newPerson, type Person, type Platform } from '#testing';
import { astroctl, inOrganization, loginTo } from './person.ts';

/** Test credentials, valid only for the recorded data. */
const PASSWORDS = { grace: 'recorded-password-grace', linus: 'recorded-password-linus' } as const;

export interface Recorded {
  readonly person: Person;
  readonly password: string;
}

export type People = Readonly<Record<'admin' | 'grace' | 'linus', Recorded>>;

const keyList = z.looseObject({ items: z.array(z.looseObject({ id: z.string(), name: z.string() })) });

/** Records two more users, one of whom was temporarily a global admin. */
export async function recordPeople(platform: Platform, admin: Person): Promise<People> {
  const { adminPassword: password } = platform;
  const grace = await newPerson(platform, 'grace@acme.test', PASSWORDS.grace, 'Grace');
  const linus = await newPerson(platform, 'linus@initech.test', PASSWORDS.linus, 'Linus');
  await astroctl(admin.machine, ['user', 'set-global-role', linus.email, 'admin']);
  await astroctl(admin.machine, ['user', 'set-global-role', linus.email, 'developer']);
  return {
    admin: { person: admin, password },
    grace: { person: grace, password: PASSWORDS.grace },
    linus: { person: linus, password: PASSWORDS.linus },
  };
}

/** Records `acme`: plan enterprise, members of all roles and both kinds, one of them removed. */
export async function recordAcme({ admin, grace, linus }: People): Promise<void> {
  await astroctl(admin.person.machine, ['org', 'create', 'Acme Inc', '--slug', 'acme', '--owner', grace.person.email]);
  await loginTo(grace, 'acme');
  const { run, ready } = inOrganization(grace.person, 'acme');
  await run(`org add-user --user ${admin.person.email} --role owner`);
  await run(`org add-user --user ${linus.person.email} --role viewer`);
  await run(`org set-role ${linus.person.email} editor`);
  await run('org add-user --service ci-deploy --role editor');
  await run('org add-user --service dashboards --role viewer');
  await run('org add-user --service nightly --role viewer');
  await run('org remove-user --service nightly');
  await run('org plan set enterprise');
  await ready();
}

/** Records `initech`: plan developer, after enterprise and a change back that was rejected once. */
export async function recordInitech(platform: Platform, { admin, grace, linus }: People): Promise<void> {
  await astroctl(admin.person.machine, ['org', 'create', 'Initech', '--slug', 'initech']);
  // the name is available again
  await astroctl(admin.person.machine, ['org', 'create', 'Twice', '--slug', 'initech'], undefined, 7);
  await loginTo(admin, 'initech');
  const { run, ready } = inOrganization(admin.person, 'initech');
  await run(`org add-user --user ${linus.person.email} --role admin`);
  await run(`org add-user --user ${grace.person.email} --role viewer`);
  const credential = grace.person.accessToken;
  const left = await call(platform.url, 'DELETE /v1/organizations/initech/members/me', { credential });
  if (left.status !== 200) throw new Error(`grace cannot leave: ${left.text}`);
  await run('org plan set enterprise');
  await run('key create --name too-long --role viewer --expires never');
  await run('org plan set developer', undefined, 7);
  await run(`key revoke ${await keyNamed(admin.person, 'initech', 'too-long')} --reason plan`);
  await run('org plan set developer');
  await run('key create --name ninety-days --role viewer --expires 90d');
  await ready();
}

/**
 * Records keys of `acme`. Those that must stay valid have no expiry, since the data may be read years later.
 * @returns the keys by their purpose
 */
export async function recordKeys({ admin, grace, linus }: People): Promise<Readonly<Record<string, string>>> {
  for (const somebody of [admin, linus]) await loginTo(somebody, 'acme');
  const create = async ({ person }: Recorded, words: string) =>
    (await inOrganization(person, 'acme').run(`key create ${words}`)).trim();
  const keys = {
    owner: await create(admin, '--name workstation --role owner --expires never'),
    editor: await create(linus, '--name ci --role editor --expires never'),
    viewer: await create(grace, '--name dashboard --role viewer --expires never'),
    revoked: await create(grace, '--name laptop --role admin --expires never'),
    expired: await create(grace, `--name trial --expires ${new Date(Date.now() + 2_000).toISOString()}`),
  };
  await inOrganization(grace.person, 'acme').run(
    `key revoke ${await keyNamed(grace.person, 'acme', 'laptop')} --reason lost`,
  );
  await astroctl(admin.person.machine, ['auth', 'login', '--with-token'], `${keys.owner}\n`);
  return keys;
}

async function keyNamed(person: Person, org: string, name: string): Promise<string> {
  const listed = keyList.parse(JSON.parse(await inOrganization(person, org).run('key list -o json')));
  const found = listed.items.find((key) => key.name === name);
  if (!found) throw new Error(`there is no key ${name}`);
  return found.id;
}
