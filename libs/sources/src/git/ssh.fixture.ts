import { spawn } from 'node:child_process';
import { timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { GIT } from './git.fixture.ts';

const { Server, utils } = ssh2;

export interface SshServer {
  readonly port: number;
  /** Line of a known_hosts file for a name. */
  knownHost(name: string): string;
  /** Private key that the server accepts for the user `git`. */
  readonly privateKey: string;
  /** Users who have logged in, and the commands that they ran. */
  readonly commands: { readonly user: string; readonly command: string }[];
  /** Users who have tried to log in with a key. */
  readonly attempts: string[];
  close(): Promise<void>;
}

const PUBLIC_KEY_BYTES = 51; // the name ssh-ed25519 and a key of 32 bytes, each with its length before it

export function newKey(passphrase?: string): { readonly private: string; readonly public: string } {
  const key =
    passphrase === undefined
      ? utils.generateKeyPairSync('ed25519')
      : utils.generateKeyPairSync('ed25519', { passphrase, cipher: 'aes256-ctr', rounds: 16 });
  // ssh2 drops leading zero bytes of one public key in 256, and OpenSSH cannot read such a key.
  const { length } = Buffer.from(key.public.split(' ')[1] ?? '', 'base64');
  return length === PUBLIC_KEY_BYTES ? key : newKey(passphrase);
}

/** Starts an ssh server on loopback that serves the repositories in a folder with `git upload-pack`, and nothing else. */
export async function startSshServer(folder: string, users: readonly string[] = ['git']): Promise<SshServer> {
  const [host, accepted] = [newKey(), newKey()];
  const parsed = utils.parseKey(accepted.public);
  if (parsed instanceof Error) throw parsed;
  const started = { commands: [] as SshServer['commands'], attempts: [] as string[] };
  const server = new Server({ hostKeys: [host.private] }, (client) => {
    let user = '';
    client.on('error', () => undefined); // a client may leave at any time, such as for an unknown host key
    client.on('authentication', (attempt) => {
      user = attempt.username;
      if (attempt.method !== 'publickey') return attempt.reject(['publickey']);
      started.attempts.push(user);
      const isKnown = users.includes(user) && sameBytes(attempt.key.data, parsed.getPublicSSH());
      const isSigned =
        !attempt.signature ||
        (attempt.blob !== undefined && parsed.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true);
      if (isKnown && isSigned) attempt.accept();
      else attempt.reject();
    });
    client.on('session', (accept) => {
      const session = accept();
      let protocol = '';
      session.on('env', (acceptVariable, _, { key, val }) => {
        if (key === 'GIT_PROTOCOL') protocol = val;
        acceptVariable?.();
      });
      session.on('exec', (acceptCommand, _, { command }) => {
        started.commands.push({ user, command });
        const channel = acceptCommand();
        const path = /^git-upload-pack '(\/[\w./-]+)'$/.exec(command)?.[1] ?? '/absent';
        const child = spawn(GIT, ['upload-pack', '--strict', join(folder, path)], {
          env: { HOME: folder, PATH: '/usr/bin:/bin', GIT_CONFIG_NOSYSTEM: '1', GIT_PROTOCOL: protocol },
        });
        channel.pipe(child.stdin);
        child.stdin.on('error', () => undefined); // git ends before it has read everything if there is no repository
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.on('close', (code) => {
          channel.exit(code ?? 1);
          channel.end();
        });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // the address of a TCP server
  return {
    ...started,
    port,
    knownHost: (name) => `[${name}]:${port} ${host.public}`,
    privateKey: accepted.private,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

const sameBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
