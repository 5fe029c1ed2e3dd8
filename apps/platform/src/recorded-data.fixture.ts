import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { claimPort } from '#runtime';
import {
  call,
  eventually,
  machine,
  startForwardProxy,
  startPlatform,
  temporaryFolder,
  type Machine,
  type Platform,
} from '#testing';

const objectSchema = z.strictObject({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  labels: z.record(z.string(), z.string()),
  selector: z.unknown(),
});
export type RecordedObject = z.infer<typeof objectSchema>;

const itemsSchema = z.looseObject({ items: z.array(z.looseObject({})) });
const manifestName = z.enum(['acme/web', 'acme/api', 'acme/raw', 'initech/site']);
const personSchema = z.strictObject({
  email: z.string(),
  password: z.string(),
  userId: z.string(),
  organization: z.strictObject({ id: z.string(), slug: z.string() }),
});

const recordedSchema = z.strictObject({
  release: z.string(),
  recordedAt: z.string(),
  /** Public address of the recorded platform, which is part of the issuer of its logins. */
  url: z.string(),
  people: z.strictObject({ admin: personSchema, grace: personSchema, linus: personSchema }),
  keys: z.strictObject({
    owner: z.string(),
    editor: z.string(),
    viewer: z.string(),
    revoked: z.string(),
    expired: z.string(),
  }),
  /** Manifests as last applied, by organization and application. */
  manifests: z.record(manifestName, z.string()),
  objects: z.strictObject({ acme: z.array(objectSchema), initech: z.array(objectSchema) }),
  /** Patterns of the names of all records in the vault; `{}` stands for an id, a digest or a number. */
  vaultForms: z.array(z.string()),
  words: z.strictObject({
    eventTypes: z.record(z.string(), z.array(z.string())),
    subjects: z.array(z.string()),
    errorCodes: z.array(z.string()),
  }),
  answers: z.record(z.string(), z.looseObject({})),
});
export type RecordedData = z.infer<typeof recordedSchema>;

const FOLDER = join(import.meta.dirname, 'testdata');
const PREFIX = 'data-';

/** Recorded releases, such as `0.1`. */
export const RECORDED_RELEASES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.startsWith(PREFIX))
  .map((name) => name.slice(PREFIX.length));

const folderOf = (release: string): string => join(FOLDER, `${PREFIX}${release}`);

/** Returns what a release recorded next to its data folder. */
export const recordedBy = (release: string): RecordedData =>
  recordedSchema.parse(JSON.parse(readFileSync(join(folderOf(release), 'recorded.json'), 'utf8')));

/** Returns a copy of the data folder of a release, which is removed after the tests of the file. */
export function unpackData(release: string): string {
  const folder = temporaryFolder();
  execFileSync('tar', ['-xzf', join(folderOf(release), 'data.tar.gz'), '-C', folder]);
  return folder;
}

const configurationSchema = z.looseObject({
  apis: z.record(
    z.string(),
    z.looseObject({
      organizations: z.array(z.looseObject({ slug: z.string() })),
      login: z.looseObject({ accessToken: z.string() }),
    }),
  ),
});

/** A platform of this release with the data of an earlier one. */
export interface StartedOnRecorded {
  readonly platform: Platform;
  /** Address on which it listens. Users connect to the address in the data. */
  readonly url: string;
  /** The admin's machine with the recorded configuration. */
  readonly ada: Machine;
  /** Returns another machine. @param home an empty folder */
  machineOf(home: string): Machine;
  login(person: RecordedData['people']['admin'], org: string): Promise<{ readonly code: number | null }>;
  /** Access token of the admin, and organizations with keys in the configuration. Call after `login`. */
  configuration(): { readonly accessToken: string; readonly organizations: readonly string[] };
  stop(): Promise<void>;
}

/** @param home an empty folder */
export async function startOnRecorded(release: string, dataDir: string, home: string): Promise<StartedOnRecorded> {
  const recorded = recordedBy(release);
  const port = await claimPort(0);
  const url = `http://127.0.0.1:${port}`;
  const platform = await startPlatform({ dataDir, port, environment: { ASTRO_PUBLIC_URL: recorded.url } });
  const proxy = await startForwardProxy(url);
  const machineOf = (folder: string) => machine(folder, recorded.url, proxy.environment);
  const file = join(home, '.config', 'astropulse', 'config.yaml');
  mkdirSync(join(home, '.config', 'astropulse'), { recursive: true, mode: 0o700 });
  writeFileSync(file, readFileSync(join(folderOf(release), 'config.yaml')), { mode: 0o600 });
  const ada = machineOf(home);
  return {
    platform,
    url,
    ada,
    machineOf,
    login: ({ email, password }, org) =>
      ada.astroctl(['auth', 'login', '--org-id', org, '--username', email, '--password-stdin'], {
        input: `${password}\n`,
      }),
    configuration() {
      const api = configurationSchema.parse(parse(readFileSync(file, 'utf8'))).apis[recorded.url];
      return {
        accessToken: api?.login.accessToken ?? '',
        organizations: (api?.organizations ?? []).map(({ slug }) => slug),
      };
    },
    async stop() {
      await platform.stop();
      await proxy.close();
    },
  };
}

/** Polling interval, since a plan limits requests per minute. */
const LOOK_AGAIN_MS = 200;

/** Waits until the platform responds as the earlier release did. */
export async function expectAnswers(
  { answers }: RecordedData,
  { url, configuration }: StartedOnRecorded,
): Promise<void> {
  const { accessToken: credential } = configuration();
  for (const [path, answer] of Object.entries(answers)) {
    const then = lasting(path, answer);
    await eventually(async () => {
      const { status, body } = await call(url, `GET ${path}`, { credential });
      const now = lasting(path, body);
      // History grows, so the recorded part is compared.
      const isLog = path.endsWith('/events') && Array.isArray(now) && Array.isArray(then);
      const told = isLog ? now.slice(0, then.length) : now;
      try {
        expect({ path, status, answer: told }).toMatchObject({ path, status: 200, answer: then });
      } catch (error) {
        await pause(LOOK_AGAIN_MS);
        throw error;
      }
    });
  }
}

/** Fields that depend on time, the plan catalog or the release of the sandbox, and sentences. */
const PASSING = new Set([
  ...['message', 'reason', 'rollback', 'heartbeat', 'lastUsed', 'lastLogin', 'updatedAt', 'replicas'],
  ...['code', 'pods', 'server', 'nodes', 'limits', 'memberLimit', 'pricingUrl'],
]);

/** Application whose rollout continued when the data was opened again. */
const UNDER_WAY = 'underway';

/** Returns the part of a response that does not change in later releases. */
function lasting(path: string, response: unknown): unknown {
  const listed = itemsSchema.safeParse(response);
  if (!listed.success) return without(response);
  const { items } = listed.data;
  // logins create new ones
  if (path.endsWith('/access-keys')) return items.filter(({ source }) => source !== 'login').map(keyOf);
  if (path.endsWith('/clusters')) return items.map(({ version: _, ...cluster }) => without(withoutState(cluster)));
  return items.filter(({ name }) => name !== UNDER_WAY).map(without);
}

/** A key with an expiry is active only until then. */
const keyOf = ({ status, ...key }: Readonly<Record<string, unknown>>) =>
  without(key['expires'] === null ? { ...key, status } : key);

/** A registered cluster no longer exists when the data is read. Its state depends on what is at its address now. */
const withoutState = ({ state, ...cluster }: Readonly<Record<string, unknown>>) =>
  cluster['type'] === 'registered' ? cluster : { ...cluster, state };

const without = (value: unknown): unknown =>
  typeof value !== 'object' || value === null
    ? value
    : Object.fromEntries(
        Object.entries(value)
          .filter(([name]) => !PASSING.has(name))
          // Release 0.1 showed the version v0 for events that concern no revision.
          .map(([name, member]) => [name, name === 'version' && member === 'v0' ? '-' : member]),
      );
