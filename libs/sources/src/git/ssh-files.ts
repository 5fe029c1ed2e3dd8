import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResolvedHost } from '../resolve-host.ts';
import { isExecutable } from '../run-program.ts';
import type { GitRemote } from './git-url.ts';

const SSH_PATHS = ['/usr/bin/ssh', '/usr/local/bin/ssh', '/opt/homebrew/bin/ssh'];
const PRIVATE_MODE = 0o600;
const CONNECT_TIMEOUT_SECONDS = 20;

/** Returns the path of the `ssh` of OpenSSH, or undefined if it is not installed. */
export async function findSsh(): Promise<string | undefined> {
  for (const path of SSH_PATHS) if (await isExecutable(path)) return path;
  return undefined;
}

/** Returns whether a secret is a private key in PEM. */
export const isPrivateKey = (secret: string): boolean => /^\s*-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(secret);

const OPENSSH_KEY = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END OPENSSH PRIVATE KEY-----/;

/**
 * Returns why ssh could not use a private key without asking: `has a passphrase`. ssh itself skips such a key without a
 * message. The format of OpenSSH begins with a word and the name of the cipher, both with a length before them.
 */
export function privateKeyProblem(secret: string): string | undefined {
  if (/ENCRYPTED/.test(secret)) return 'has a passphrase';
  if (!/-----END [A-Z0-9 ]*PRIVATE KEY-----\s*$/.test(secret)) return 'is incomplete';
  if (!secret.includes('BEGIN OPENSSH')) return undefined;
  const content = Buffer.from(OPENSSH_KEY.exec(secret)?.[1] ?? '', 'base64').toString('latin1');
  const cipher = /^openssh-key-v1\0\0\0\0[^]([\w@.-]+)\0/.exec(content)?.[1];
  if (cipher === undefined) return 'cannot be read';
  return cipher === 'none' ? undefined : 'has a passphrase';
}

/**
 * Writes the files that ssh needs into a private folder.
 *
 * `HostName` is an address that was checked, so ssh resolves nothing itself and needs no proxy command;
 * `HostKeyAlias` makes it compare the key of the server with the known keys of the name.
 *
 * @returns the value of `GIT_SSH_COMMAND`
 */
export async function writeSshFiles(
  folder: string,
  ssh: string,
  target: { readonly remote: GitRemote; readonly resolved: ResolvedHost },
  keys: { readonly privateKey: string; readonly knownHosts: string },
): Promise<string> {
  const files = { config: join(folder, 'ssh_config'), key: join(folder, 'key'), known: join(folder, 'known_hosts') };
  const write = (file: string, text: string) => writeFile(file, text, { mode: PRIVATE_MODE, flag: 'wx' });
  await write(files.key, `${keys.privateKey.replaceAll('\r\n', '\n').trim()}\n`); // OpenSSH requires the last line end
  await write(files.known, `${keys.knownHosts.trim()}\n`);
  await write(files.config, sshConfig(target.remote, target.resolved, files));
  return `${shellQuoted(ssh)} -F ${shellQuoted(files.config)}`;
}

/** Returns the configuration of ssh for one host. It replaces those of the system and of the user. */
export function sshConfig(
  { host, port }: Pick<GitRemote, 'host' | 'port'>,
  { addresses }: Pick<ResolvedHost, 'addresses'>,
  files: { readonly key: string; readonly known: string },
): string {
  const alias = port === 22 ? host : `[${host}]:${port}`; // the form of known_hosts
  return [
    'Host *',
    `HostName ${addresses[0]?.replaceAll('%', '%%')}`,
    `HostKeyAlias ${alias}`,
    `UserKnownHostsFile ${configPath(files.known)}`,
    'GlobalKnownHostsFile /dev/null',
    'StrictHostKeyChecking yes',
    'UpdateHostKeys no',
    'CheckHostIP no',
    'VerifyHostKeyDNS no',
    `IdentityFile ${configPath(files.key)}`,
    'IdentitiesOnly yes',
    'IdentityAgent none',
    'PreferredAuthentications publickey',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'BatchMode yes',
    'ForwardAgent no',
    'ForwardX11 no',
    'ClearAllForwardings yes',
    'PermitLocalCommand no',
    'ProxyCommand none',
    'ProxyJump none',
    'ControlMaster no',
    'ControlPath none',
    'CanonicalizeHostname no',
    `ConnectTimeout ${CONNECT_TIMEOUT_SECONDS}`,
    'ServerAliveInterval 10',
    'LogLevel ERROR',
    '',
  ].join('\n');
}

/** Quotes a path for a configuration of ssh, where `%` begins a placeholder. */
const configPath = (path: string): string => `"${path.replaceAll('%', '%%')}"`;

/** Quotes a path for the shell with which git runs `GIT_SSH_COMMAND`. Only paths of ours are in it. */
const shellQuoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;
