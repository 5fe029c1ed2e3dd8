import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { temporaryFolder } from '#testing';

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
  /** By which the people of then know the platform; the issuer of their logins is named by it. */
  url: z.string(),
  people: z.strictObject({ admin: personSchema, grace: personSchema, linus: personSchema }),
  keys: z.strictObject({
    owner: z.string(),
    editor: z.string(),
    viewer: z.string(),
    revoked: z.string(),
    expired: z.string(),
  }),
  /** As they were applied last, by organization and application. */
  manifests: z.record(manifestName, z.string()),
  objects: z.strictObject({ acme: z.array(objectSchema), initech: z.array(objectSchema) }),
  answers: z.record(z.string(), z.looseObject({})),
});
export type RecordedData = z.infer<typeof recordedSchema>;

const FOLDER = join(import.meta.dirname, 'testdata');
const PREFIX = 'data-';

/** Releases whose data is recorded, by their names: `0.1`. */
export const RECORDED_RELEASES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.startsWith(PREFIX))
  .map((name) => name.slice(PREFIX.length));

const folderOf = (release: string): string => join(FOLDER, `${PREFIX}${release}`);

/** What a release wrote down beside its data folder. */
export const recordedBy = (release: string): RecordedData =>
  recordedSchema.parse(JSON.parse(readFileSync(join(folderOf(release), 'recorded.json'), 'utf8')));

/** The configuration of `astroctl` on the admin's machine. */
export const configurationOf = (release: string): string =>
  readFileSync(join(folderOf(release), 'config.yaml'), 'utf8');

/** A copy of the data folder that a release wrote, removed after the tests of the file. */
export function unpackData(release: string): string {
  const folder = temporaryFolder();
  execFileSync('tar', ['-xzf', join(folderOf(release), 'data.tar.gz'), '-C', folder]);
  return folder;
}

/** Fields that depend on the time, on the plan's catalogue or on the sandbox's release, and sentences. */
const PASSING = new Set([
  ...['message', 'reason', 'rollback', 'heartbeat', 'lastUsed', 'lastLogin', 'updatedAt', 'replicas'],
  ...['code', 'pods', 'server', 'nodes', 'limits', 'memberLimit', 'pricingUrl'],
]);

/** Its rollout went on when the data was opened again. */
const UNDER_WAY = 'underway';

/** The part of an answer that later releases give too. */
export function lasting(path: string, answer: unknown): unknown {
  const listed = itemsSchema.safeParse(answer);
  if (!listed.success) return without(answer);
  const { items } = listed.data;
  if (path.endsWith('/access-keys')) return items.filter(({ source }) => source !== 'login').map(keyOf); // logins make new ones
  if (path.endsWith('/clusters')) return items.map(({ version: _, ...cluster }) => without(withoutState(cluster)));
  return items.filter(({ name }) => name !== UNDER_WAY).map(without);
}

/** A key that ends some day is active only until then. */
const keyOf = ({ status, ...key }: Readonly<Record<string, unknown>>) =>
  without(key['expires'] === null ? { ...key, status } : key);

/** A registered cluster is gone when the data is read; how that shows depends on who is at its address. */
const withoutState = ({ state, ...cluster }: Readonly<Record<string, unknown>>) =>
  cluster['type'] === 'registered' ? cluster : { ...cluster, state };

const without = (value: unknown): unknown =>
  typeof value !== 'object' || value === null
    ? value
    : Object.fromEntries(Object.entries(value).filter(([name]) => !PASSING.has(name)));
