// Loads for a platform with many clients, which runs in a separate process.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { DEFAULT_CATALOGUE } from '#billing/contract';
import { call, loginAdmin, newPerson, openShop, type Person } from '../../libs/testing/src/platform-people.ts';
import { startPlatform, type Platform } from '../../libs/testing/src/platform-process.ts';
import { SERVICES } from '../../libs/testing/src/platform-services.ts';
import { withFolder } from './surroundings.ts';

/** Concurrent watches. */
export const WATCHERS = 500;

/** Platform under load. */
export interface LoadOptions {
  /** Further variables of the platform. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether each service is a separate process. Requests are sent to the gateway, without the ingress. */
  readonly apart?: boolean;
  /** Number of gateways, if each service is a separate process. */
  readonly gateways?: number;
}

/** Runs `work` on a platform with two organizations. The other one has an application `web`. */
export async function withLoad<T>(
  work: (platform: Platform, busy: Person, other: Person) => Promise<T>,
  { environment = {}, apart = false, gateways = 1 }: LoadOptions = {},
): Promise<T> {
  // Built, since a platform that runs from source also validates each response.
  for (const app of apart ? SERVICES : ['platform']) {
    const built = spawnSync(process.execPath, ['tools/build.mjs', `apps/${app}`], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(built.stderr);
  }
  const started = await startPlatform({
    bundles: 'dist',
    apart,
    gateways,
    environment: {
      ASTRO_MAX_STREAMS_PER_KEY: String(WATCHERS),
      ASTRO_MAX_STREAMS_PER_ORGANIZATION: String(WATCHERS),
      ASTRO_MAX_CONNECTIONS_PER_ADDRESS: String(4 * WATCHERS),
      ...environment,
    },
  });
  const platform = { ...started, url: started.apiUrl };
  try {
    const [busy, other] = await openTwo(started);
    await apply(platform.url, other, 'web', '1.0');
    return await work(platform, busy, other);
  } finally {
    await platform.stop();
  }
}

/** Runs `work` with variables of a platform whose plans do not limit requests per minute. */
export async function withoutLimits<T>(
  work: (environment: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  return withFolder((folder) => {
    const plans = DEFAULT_CATALOGUE.plans.map((plan) => ({
      ...plan,
      limits: { ...plan.limits, requestsPerMinute: 10_000_000 },
    }));
    const file = join(folder, 'plans.json');
    writeFileSync(file, JSON.stringify({ ...DEFAULT_CATALOGUE, plans }));
    return work({ ASTRO_PLANS_FILE: file });
  });
}

/** Waits until most of the rollouts have ended. */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5_000));

/** Returns two organizations without limits that affect this benchmark, each with the profile `shop` on its sandbox. */
async function openTwo(platform: Platform): Promise<readonly [Person, Person]> {
  const admin = await loginAdmin(platform);
  const other = await newPerson(platform, 'other@bench.example', 'a password of the bench');
  for (const person of [admin, other]) {
    const changed = await call(platform.url, `PUT /v1/organizations/${person.organization.id}/subscription`, {
      credential: admin.accessToken,
      body: { plan: 'enterprise' },
    });
    if (changed.status !== 200) throw new Error(changed.text);
    await openShop(person);
  }
  return [admin, other];
}

const issued = z.looseObject({ id: z.string(), secret: z.string() });

/** Sends a request that must succeed. @returns the body of the response */
export async function ask(url: string, what: string, credential: string, body?: unknown): Promise<unknown> {
  const response = await call(url, what, { credential, body });
  if (response.status >= 300) throw new Error(`${what} was answered ${response.status}: ${response.text}`);
  return response.body;
}

/** Creates an access key. */
export const createKey = async (
  url: string,
  organizationId: string,
  credential: string,
  key: { readonly name: string; readonly role?: string },
) => issued.parse(await ask(url, `POST /v1/organizations/${organizationId}/access-keys`, credential, key));

const at = ({ organization }: Person, rest: string): string => `/v1/organizations/${organization.id}/${rest}`;

/** Applies an application with an image of this tag. @returns its version */
export async function apply(url: string, person: Person, name: string, tag: string): Promise<string> {
  const put = () =>
    call(url, `PUT ${at(person, `applications/${name}`)}`, {
      credential: person.key,
      body: {
        name,
        profileName: 'shop',
        source: { type: 'image', image: { registry: 'sandbox.invalid', repository: 'app', tag } },
      },
    });
  let response = await put();
  while (response.status === 409) response = await put(); // many concurrent new names conflict in one stream
  if (response.status >= 300) throw new Error(response.text);
  return (response.body as { application: { version: string } }).application.version;
}

/** Sends a request of a typical mix. Responses with 429 are expected. */
export async function mixedRequest(url: string, person: Person, number: number): Promise<void> {
  const name = `app-${number % 8}`;
  const kinds = [
    () =>
      apply(url, person, name, `1.${number}`).then(
        () => undefined,
        () => undefined,
      ),
    () => call(url, `GET ${at(person, 'applications')}`, { credential: person.key }),
    () => call(url, `GET ${at(person, `applications/${name}`)}`, { credential: person.key }),
    () => call(url, `GET ${at(person, `applications/${name}/events`)}`, { credential: person.key }),
  ];
  await kinds[number % kinds.length]?.();
}

/** Returns the milliseconds of GETs of one application, one after the other, until `isOver`. */
export async function getTimes(
  platform: Platform,
  person: Person,
  name: string,
  isOver: () => boolean,
): Promise<readonly number[]> {
  const times: number[] = [];
  while (!isOver()) {
    const began = performance.now();
    const response = await call(platform.url, `GET ${at(person, `applications/${name}`)}`, { credential: person.key });
    if (response.status !== 200) throw new Error(response.text);
    times.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  return times;
}

/**
 * Opens watches of the application that `nameOf` returns, or of all applications.
 * @returns a function that ends them, and the number of changes that they received
 */
export async function watch(
  { url }: Platform,
  person: Person,
  count: number,
  nameOf: (index: number) => string | undefined,
): Promise<{ readonly received: () => number; readonly end: () => void }> {
  let received = 0;
  const requests = await Promise.all(
    Array.from(
      { length: count },
      (_, index) =>
        new Promise<ReturnType<typeof get>>((resolve, reject) => {
          const request = get(
            `${url}${at(person, 'watch')}${nameOf(index) === undefined ? '' : `?application=${nameOf(index)}`}`,
            { agent: false, headers: { authorization: `Bearer ${person.key}`, accept: 'text/event-stream' } },
            (response) => {
              if (response.statusCode !== 200) return reject(new Error(`a watch was answered ${response.statusCode}`));
              response.setEncoding('utf8').on('data', (part: string) => (received += part.split('data: ').length - 1));
              response.on('error', () => {});
              resolve(request);
            },
          );
          request.on('error', reject);
        }),
    ),
  );
  for (const request of requests) request.removeAllListeners('error').on('error', () => {});
  return { received: () => received, end: () => requests.forEach((request) => request.destroy()) };
}

/** Returns the milliseconds until a worker claims an attempt of this version. */
export async function claimedAfter(platform: Platform, person: Person, name: string, version: string): Promise<number> {
  const began = performance.now();
  for (;;) {
    const { body } = await call(platform.url, `GET ${at(person, `applications/${name}/events`)}`, {
      credential: person.key,
    });
    const { items } = body as { items: { step: string; version: string }[] };
    if (items.some((event) => event.version === version && event.step !== 'requested'))
      return performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Returns the median and the 99th percentile. */
export function percentiles(times: readonly number[]): { readonly median: number; readonly most: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
  return { median: at(0.5), most: at(0.99) };
}
