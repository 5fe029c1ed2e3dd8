import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { runProgram } from './app-process.ts';

/** Caller keys and NATS users of the services of a distributed platform, as an operator creates them. */
export interface ServiceAccess {
  /** Configuration of nats-server with the users. */
  readonly natsConfig: string;
  /** Returns the variables of one service. Without the NATS user for a server without users. */
  environmentOf(service: string, options: { readonly natsUser: boolean }): Readonly<Record<string, string>>;
}

/**
 * Creates keys and users with the commands of the operator guide. Keeps those that are already in the folder.
 *
 * @param masterKeys in the form of ASTRO_CALLER_KEYS. Default: a new key
 */
export async function makeServiceAccess(folder: string, masterKeys?: string): Promise<ServiceAccess> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const masters = join(folder, 'master-keys');
  if (masterKeys !== undefined || !existsSync(masters))
    writeFileSync(masters, masterKeys ?? `k1:${randomBytes(32).toString('base64')}`, { mode: 0o600 });
  const [, natsConfig] = await Promise.all([
    tool('caller-keys', ['--to', folder], { ASTRO_CALLER_KEYS: readFileSync(masters, 'utf8') }),
    tool('nats', [folder]),
  ]);
  return {
    natsConfig,
    environmentOf: (service, { natsUser }) => ({
      ASTRO_CALLER_KEYS: readFileSync(join(folder, `${service}.caller-keys`), 'utf8').trim(),
      ...(natsUser && { ASTRO_NATS_CREDS: join(folder, `${service}.nk`) }),
    }),
  };
}

async function tool(
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const command = ['--import', './tools/typescript.mjs', `tools/admin/${name}.ts`, ...args];
  const done = await runProgram(process.execPath, command, { environment });
  if (done.code !== 0) throw new Error(`admin:${name} ended with ${done.code}: ${done.stderr}`);
  return done.stdout;
}
