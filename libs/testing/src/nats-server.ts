import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

/** A nats-server with JetStream for one test. */
export interface NatsServer {
  readonly url: string;
  /** Returns its additional configuration. */
  config(): string;
  /** Replaces the additional configuration, without a restart. */
  reload(config: string): Promise<void>;
  /** Returns everything that it has logged. */
  output(): string;
  /** Sends SIGKILL and waits. Stored data stays in the folder. */
  kill(): Promise<void>;
}

export interface NatsServerOptions {
  /** Folder of its streams and its configuration. */
  readonly folder: string;
  /** Additional configuration, such as users. */
  readonly config?: string;
  /** Default: a free port. */
  readonly port?: number;
}

/** Returns the path of the program that `npm run engines -- nats` builds; undefined if it is not built. */
export function natsServerProgram(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = process.env['ASTRO_ENGINES_CACHE'] ?? join(cache, 'astro-platform', 'engines');
  const program = join(folder, 'nats-server');
  return existsSync(program) ? program : undefined;
}

/** Starts a server on loopback, and waits until it accepts connections. */
export async function startNatsServer({ folder, config = '', port = -1 }: NatsServerOptions): Promise<NatsServer> {
  const program = natsServerProgram();
  if (program === undefined) throw new Error('nats-server was not built; run: npm run engines -- nats');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'nats.conf');
  writeFileSync(file, config);
  const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(folder, 'streams'), '-c', file];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (printed += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (printed += part));
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const listening = await eventually(() => {
    const found = /Listening for client connections on \S+:(\d+)[\s\S]*Server is ready/.exec(printed)?.[1];
    if (found === undefined) throw new Error(`nats-server is not ready; it said:\n${printed}`);
    return found;
  }).catch(async (error: unknown) => {
    await kill();
    throw error;
  });
  return {
    url: `nats://127.0.0.1:${listening}`,
    output: () => printed,
    config: () => readFileSync(file, 'utf8'),
    kill,
    async reload(next) {
      const reloads = () => printed.split('Reloaded server configuration').length;
      const before = reloads();
      writeFileSync(file, next);
      child.kill('SIGHUP');
      await eventually(() => {
        if (reloads() === before) throw new Error(`nats-server did not reload; it said:\n${printed}`);
      });
    },
  };
}
