import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { VERSION } from '#kernel';
import { call, loginAdmin, startPlatform, type Platform } from '#testing';
import { formOfName, vaultNames } from '#testing/log';
import { storedWords } from '../../apps/platform/src/stored-words.fixture.ts';
import {
  LAST_MANIFESTS,
  objectsOf,
  recordApplications,
  recordInitechApplications,
  recordProfilesAndClusters,
  recordUnderWay,
} from './applications.ts';
import { recordAcme, recordInitech, recordKeys, recordPeople, type People } from './organizations.ts';

/**
 * Records the data of this release for the tests of later ones:
 * npm run record:data -- apps/platform/src/testdata/data-0.2
 * Starts the platform in a new folder, uses it with the real `astroctl` and `kubectl`, and stores the folder, the
 * configuration of `astroctl`, and the responses.
 */
const PORT = 18_080; // part of configuration files and of the name of the issuer, so it is always the same

async function record(folder: string, dataDir: string): Promise<void> {
  const platform = await startPlatform({ dataDir, port: PORT });
  try {
    const admin = await loginAdmin(platform);
    const people = await recordPeople(platform, admin);
    await recordAcme(people);
    await recordInitech(platform, people);
    const keys = await recordKeys(people);
    await recordProfilesAndClusters(admin);
    await recordApplications(admin);
    await recordInitechApplications(admin);
    await recordUnderWay(admin);
    await admin.machine.run('org use acme');
    const recorded = {
      release: VERSION,
      recordedAt: new Date().toISOString(),
      url: platform.url,
      people: Object.fromEntries(
        Object.entries(people).map(([name, { person, password }]) => [
          name,
          { email: person.email, password, userId: person.userId, organization: person.organization },
        ]),
      ),
      keys,
      manifests: LAST_MANIFESTS,
      objects: { acme: await objectsOf(admin, 'acme'), initech: await objectsOf(admin, 'initech') },
      vaultForms: [...new Set((await vaultNames(dataDir)).map(formOfName))].toSorted(),
      words: storedWords(),
      answers: await answersOf(platform, people),
    };
    const code = await platform.process.stop();
    if (code !== 0) throw new Error(`the platform ended with ${code}: ${platform.process.output()}`);
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(admin.machine.home, '.config', 'astropulse', 'config.yaml'), join(folder, 'config.yaml'));
    writeFileSync(join(folder, 'recorded.json'), `${JSON.stringify(recorded, null, 2)}\n`);
    // The archive contains no times, names or numbers of the recording user. Logs and locks belong to a process.
    execFileSync('tar', [
      ...['-C', dataDir, '--sort=name', '--owner=0', '--group=0', '--numeric-owner'],
      ...['--exclude=*.log', '--exclude=*.lock', '-czf', resolve(folder, 'data.tar.gz'), '.'],
    ]);
  } finally {
    await platform.process.kill();
  }
}

const OF_ORGANIZATION = ['', '/members', '/access-keys', '/subscription', '/profiles', '/clusters', '/applications'];
const OF_APPLICATION = ['/status', '/resources', '/revisions', '/events'];
const APPLICATIONS = {
  acme: ['web', 'api', 'raw', 'hasty', 'safe', 'healed', 'gone'],
  initech: ['site', 'raw'],
} as const;

/** Returns the final responses of this release, by path. */
async function answersOf({ url }: Platform, { admin: { person } }: People): Promise<Readonly<Record<string, unknown>>> {
  const paths = Object.entries(APPLICATIONS).flatMap(([org, names]) => [
    ...OF_ORGANIZATION.map((rest) => `/v1/organizations/${org}${rest}`),
    `/v1/organizations/${org}/clusters/sandbox/policy`,
    ...names.flatMap((name) => OF_APPLICATION.map((rest) => `/v1/organizations/${org}/applications/${name}${rest}`)),
  ]);
  // Kubernetes events of a failed rollout change over time. A deleted application has only a history.
  const others = ['broken/status', 'broken/revisions', 'broken/events', 'orphan/revisions'].map(
    (rest) => `/v1/organizations/acme/applications/${rest}`,
  );
  const answers: Record<string, unknown> = {};
  for (const path of ['/v1/organizations?all=true', '/v1/users', ...paths, ...others]) {
    const { status, body, text } = await call(url, `GET ${path}`, { credential: person.accessToken });
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${text}`);
    answers[path] = body;
  }
  return answers;
}

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('usage: npm run record:data -- FOLDER');
const dataDir = mkdtempSync(join(tmpdir(), 'astro-recorded-'));
try {
  await record(target, dataDir);
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
