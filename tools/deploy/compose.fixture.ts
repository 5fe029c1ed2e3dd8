import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { runProgram } from '#testing';
import { parse } from 'yaml';
import { z } from 'zod';

export const ROOT = join(import.meta.dirname, '..', '..');

const words = z.array(z.string());
const composeFile = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
      command: words.optional(),
      environment: z.record(z.string(), z.string().nullable()).default({}),
      user: z.string().optional(),
      restart: z.string().optional(),
      read_only: z.boolean().optional(),
      cap_drop: words.optional(),
      security_opt: words.optional(),
      tmpfs: words.default([]),
      volumes: words.default([]),
      ports: words.default([]),
      networks: words,
      secrets: z.array(z.strictObject({ source: z.string(), target: z.string() })).default([]),
      healthcheck: z.object({ test: words }).optional(),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
    }),
  ),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() })),
  volumes: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
});
type WrittenFile = z.infer<typeof composeFile>;
export type ComposeService = Omit<WrittenFile['services'][string], 'environment'> & {
  readonly environment: Readonly<Record<string, string>>;
};
export type ComposeFile = Omit<WrittenFile, 'services'> & {
  readonly services: Readonly<Record<string, ComposeService>>;
};

export const composeText = (): string => readFileSync(join(ROOT, 'deploy', 'compose.yaml'), 'utf8');

/**
 * Reads deploy/compose.yaml like Docker Compose: merges anchors, and replaces variables. A variable of a service without a
 * value gets the value from `environment`; if it is not there, the variable is not set.
 * @throws Error with the message of a required variable that is missing
 */
export function readCompose(environment: Readonly<Record<string, string>>): ComposeFile {
  const interpolated: unknown = JSON.parse(
    JSON.stringify(parse(composeText(), { merge: true, maxAliasCount: 1_000 }), (_key, value: unknown) =>
      typeof value === 'string' ? interpolate(value, environment) : value,
    ),
  );
  const file = composeFile.parse(interpolated);
  const services = Object.entries(file.services).map(([name, service]) => {
    const set = Object.entries(service.environment).flatMap(([variable, value]) => {
      const text = value ?? environment[variable];
      return text === undefined ? [] : [[variable, text] as const];
    });
    return [name, { ...service, environment: Object.fromEntries(set) }] as const;
  });
  return { ...file, services: Object.fromEntries(services) };
}

function interpolate(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\{([A-Z_]+)(?::([-?])([^}]*))?\}/g,
    (_whole, name: string, kind: string | undefined, rest = '') => {
      const value = environment[name] ?? '';
      if (value !== '' || kind === undefined) return value;
      if (kind === '?') throw new Error(`required variable ${name} is missing a value: ${rest}`);
      return rest;
    },
  );
}

/** Runs deploy/secrets.mjs. Returns the variables that it writes to `.env` in the folder. */
export async function makeSecrets(folder: string): Promise<Record<string, string>> {
  const made = await runProgram(process.execPath, ['deploy/secrets.mjs', folder]);
  if (made.code !== 0) throw new Error(`deploy/secrets.mjs ended with ${made.code}: ${made.stderr}`);
  return parseEnv(readFileSync(join(folder, '.env'), 'utf8')) as Record<string, string>;
}

/** The image that deploy/Dockerfile builds, and the commands of its build stage. */
export interface Image {
  /** Shell commands of the build stage. */
  readonly buildCommands: readonly string[];
  /** Working directory of the build stage, which contains the repository. */
  readonly buildFolder: string;
  readonly copies: readonly { readonly from: string; readonly to: string }[];
  readonly workingFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

/** Reads a Dockerfile with two stages. @throws Error for instructions that deploy/Dockerfile does not use */
export function readDockerfile(text: string): Image {
  const instructions = text
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, instruction = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
      return { instruction, rest };
    });
  const second = instructions.findIndex(({ instruction }, index) => index > 0 && instruction === 'FROM');
  if (second === -1) throw new Error('the Dockerfile has one stage');
  const build = instructions.slice(0, second);
  const last = instructions.slice(second);
  const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'ENTRYPOINT', 'CMD'];
  for (const { instruction } of instructions)
    if (!known.includes(instruction)) throw new Error(`the instruction ${instruction} is not known here`);
  const all = (stage: typeof instructions, name: string) =>
    stage.filter(({ instruction }) => instruction === name).map(({ rest }) => rest);
  const one = (stage: typeof instructions, name: string): string => all(stage, name).at(-1) ?? '';
  return {
    buildCommands: all(build, 'RUN'),
    buildFolder: one(build, 'WORKDIR'),
    copies: all(last, 'COPY').map((rest) => {
      const [, from = '', to = ''] = /^--from=build (\S+) (\S+)$/.exec(rest) ?? [];
      return { from, to };
    }),
    workingFolder: one(last, 'WORKDIR'),
    environment: Object.fromEntries(
      all(last, 'ENV').flatMap((rest) => rest.split(/\s+/).map((pair) => pair.split('=') as [string, string])),
    ),
    user: one(last, 'USER'),
    entrypoint: words.parse(JSON.parse(one(last, 'ENTRYPOINT'))),
    command: words.parse(JSON.parse(one(last, 'CMD'))),
  };
}

export const dockerfile = (): Image => readDockerfile(readFileSync(join(ROOT, 'deploy', 'Dockerfile'), 'utf8'));

/** Returns a function from a path to the upstream in deploy/Caddyfile, such as `identity:8080`. */
export function routesOf(caddyfile: string): (path: string) => string {
  const matchers = new Map(
    [...caddyfile.matchAll(/^\s*@(\w+) path (.+)$/gm)].map(([, name = '', patterns = '']) => [
      name,
      patterns.split(/\s+/),
    ]),
  );
  const routes = [...caddyfile.matchAll(/^\s*handle(?: @(\w+))? \{\s*reverse_proxy (\S+)/gm)].map(
    ([, matcher, upstream = '']) => ({
      patterns: matcher === undefined ? ['/*'] : (matchers.get(matcher) ?? []),
      upstream,
    }),
  );
  const fits = (path: string, pattern: string) =>
    pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
  return (path) => {
    const found = routes.find(({ patterns }) => patterns.some((pattern) => fits(path, pattern)));
    if (!found) throw new Error(`no route for ${path}`);
    return found.upstream;
  };
}
