import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { eventually } from './eventually.ts';
import { runProgram } from './app-process.ts';
import type { Machine, Platform } from './platform-process.ts';

const configuration = z.looseObject({
  apis: z.record(
    z.string(),
    z.looseObject({
      organizations: z
        .array(z.looseObject({ id: z.string(), slug: z.string(), key: z.string(), keyId: z.string() }))
        .min(1),
      login: z.looseObject({ accessToken: z.string() }).optional(),
    }),
  ),
});

/** A user who has logged in with the real `astroctl`. */
export interface Person {
  readonly machine: Machine;
  readonly email: string;
  readonly userId: string;
  readonly organization: { readonly id: string; readonly slug: string };
  /** Access key that the login stored, and its id. */
  readonly key: string;
  readonly keyId: string;
  /** Access token of the user's login. */
  readonly accessToken: string;
}

/** Logs the admin in. */
export const loginAdmin = (platform: Platform): Promise<Person> =>
  login(platform, platform.adminEmail, platform.adminPassword);

/** Creates an account of the built-in issuer with the operators' tool, and logs it in. */
export async function newPerson(
  platform: Platform,
  email: string,
  password: string,
  name = 'Somebody',
): Promise<Person> {
  const made = await runProgram(
    process.execPath,
    ['--import', './tools/typescript.mjs', 'tools/admin/account.ts', email, name],
    {
      input: `${password}\n`,
      environment: { ...platform.options.environment, ASTRO_DATA_DIR: platform.dataDir },
    },
  );
  if (made.code !== 0) throw new Error(`no account for ${email}: ${made.stderr}`);
  return login(platform, email, password);
}

async function login(platform: Platform, email: string, password: string): Promise<Person> {
  const machine = platform.person('somebody');
  const done = await machine.login(email, password);
  if (done.code !== 0) throw new Error(`${email} cannot log in: ${done.stderr}`);
  const stored = configuration.parse(
    parse(readFileSync(join(machine.home, '.config', 'astropulse', 'config.yaml'), 'utf8')),
  );
  const api = stored.apis[platform.url];
  const [organization] = api?.organizations ?? [];
  if (!api?.login || !organization) throw new Error(`the login of ${email} stored no key or no login`);
  const me = await call(platform.url, 'GET /v1/me', { credential: organization.key });
  return {
    machine,
    email,
    userId: z.looseObject({ userId: z.string() }).parse(me.body).userId,
    organization: { id: organization.id, slug: organization.slug },
    key: organization.key,
    keyId: organization.keyId,
    accessToken: api.login.accessToken,
  };
}

/**
 * Provides a READY cluster and the profile `shop` on it.
 * @param kubeconfig of the cluster to register as `dev`; defaults to the organization's sandbox
 */
export async function openShop({ machine: { run } }: Person, kubeconfig?: string): Promise<void> {
  const cluster = kubeconfig === undefined ? 'sandbox' : 'dev';
  if (kubeconfig !== undefined) await run(`clusters register --cluster-name ${cluster} --kubeconfig ${kubeconfig}`);
  await eventually(async () => {
    const shown = await run(`clusters get ${cluster}`);
    if (!/^state: +READY$/m.test(shown)) throw new Error(`the cluster is not ready:\n${shown}`);
  }, 20_000);
  await run('app profile apply -f -', `profileName: shop\nclusterName: ${cluster}\n`);
}

/** Options of a request. */
export interface PersonCallOptions {
  /** Access key or access token, sent as a bearer token. */
  readonly credential?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Response of the platform. */
export interface PersonResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text parsed as JSON; undefined if it is not JSON. */
  readonly body: unknown;
}

/** Sends one request. @param what method and path, such as `GET /v1/me` */
export async function call(
  url: string,
  what: string,
  { credential, body, headers, signal }: PersonCallOptions = {},
): Promise<PersonResponse> {
  const [method = 'GET', path = '/'] = what.split(' ');
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  const text = await response.text();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  return { status: response.status, headers: response.headers, text, body: parsed };
}
