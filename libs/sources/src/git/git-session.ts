import { mkdir, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { err, ok, type DomainError, type Result } from '#kernel';
import { resolveChecked, type ResolvedHost } from '../resolve-host.ts';
import { runProgram } from '../run-program.ts';
import { sourceErrors } from '../source-errors.ts';
import type { HostSettings, SourceContext } from '../source.ts';
import { withTempFolder } from '../temp-folder.ts';
import { gitErrors } from './git-errors.ts';
import { gitFailure, type FailedCommand } from './git-failure.ts';
import { DEFAULT_GIT_LIMITS, type GitLimits } from './git-limits.ts';
import { urlForGit, type GitRemote } from './git-url.ts';
import { findSsh, isPrivateKey, privateKeyProblem, writeSshFiles } from './ssh-files.ts';

/** Runs git for one repository. Everything that git reads and writes is in one temporary folder. */
export interface GitSession {
  readonly remote: GitRemote;
  readonly limits: GitLimits;
  /** Empty folder in which a repository may be created; commands run in it. */
  readonly folder: string;
  /** URL for commands, after `--`. */
  readonly url: string;
  /** Runs a command that contacts the server. `commit` is the requested commit, for errors. */
  contact(args: readonly string[], commit?: string): Promise<Result<Buffer, DomainError>>;
  /** Runs a command that reads or writes only the folder. */
  local(args: readonly string[], options?: LocalOptions): Promise<Result<Buffer, DomainError>>;
}

interface LocalOptions {
  readonly stdin?: string;
  readonly maxOutputBytes?: number;
}

const MEBIBYTE = 1024 ** 2;
const LOCAL_MS = 30_000;
const MEMORY_BYTES = 1_536 * MEBIBYTE;
/** Bytes of a list of refs, objects, or files. */
const MAX_LIST_BYTES = 16 * MEBIBYTE;
/** http.curloptResolve is of git 2.37. An older git ignores it, and would resolve the name again. */
const MIN_VERSION = [2, 37] as const;
const PRIVATE_MODE = 0o600;

/** Settings for every command. They are arguments, so that no configuration of a repository replaces them. */
const SAFE_SETTINGS = [
  'protocol.allow=never',
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.symlinks=false',
  'core.attributesFile=/dev/null',
  'core.askPass=',
  'credential.helper=',
  'http.followRedirects=false', // also ignores http-alternates of other hosts
  'http.sslVerify=true',
  'http.proxy=',
  'http.lowSpeedLimit=1000',
  'http.lowSpeedTime=20',
  'transfer.fsckObjects=true',
  'transfer.bundleURI=false',
  'fetch.uriProtocols=',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'gc.auto=0',
  'maintenance.auto=false',
  // Memory: objects that may be large are streamed, and packs are mapped in parts.
  `core.bigFileThreshold=${MEBIBYTE}`,
  'core.packedGitWindowSize=32m',
  'core.packedGitLimit=256m',
  'pack.threads=1',
  'fetch.unpackLimit=1', // everything is in one pack, whose size is limited
];

/**
 * Prepares git for a repository, and calls `use`: finds the settings of the host, resolves and checks its address once,
 * and writes keys and certificates into a temporary folder, which is deleted afterwards.
 */
export async function withGit<T>(
  remote: GitRemote,
  context: SourceContext,
  use: (git: GitSession) => Promise<Result<T, DomainError>>,
  limits: GitLimits = DEFAULT_GIT_LIMITS,
): Promise<Result<T, DomainError>> {
  const { git } = context.programs;
  if (git === undefined) return err(sourceErrors.programMissing('git'));
  const settings = (await context.settingsOf(remote.authority, 'git')) ?? {};
  const unusable = checkSettings(remote, settings);
  if (unusable) return err(unusable);
  const resolved = await resolveChecked(remote.host, remote.port, context);
  if (!resolved.ok) return resolved;
  return withTempFolder(context, async (temp) => {
    const prepared = await prepare(temp, remote, resolved.value, settings);
    if (!prepared.ok) return prepared;
    const session = createSession(git, { ...prepared.value, remote, settings, context, limits });
    const outdated = await checkVersion(session);
    return outdated ? err(outdated) : use(session);
  });
}

/** Returns why the settings of a host cannot be used for a URL. */
function checkSettings(remote: GitRemote, { credential, knownHosts }: HostSettings): DomainError | undefined {
  const host = remote.authority;
  if (remote.scheme === 'ssh') {
    if (knownHosts === undefined || knownHosts.trim() === '') return gitErrors.knownHostsMissing(host);
    if (!credential || !isPrivateKey(credential.secret))
      return gitErrors.credentialUnusable(host, `An ssh URL needs a private key, and none is stored for ${host}.`);
    const problem = privateKeyProblem(credential.secret);
    if (problem !== undefined)
      return gitErrors.credentialUnusable(host, `The private key stored for ${host} ${problem}.`);
    if (credential.user !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(credential.user))
      return gitErrors.credentialUnusable(host, `The user stored for ${host} is not a user of ssh.`);
    return undefined;
  }
  if (credential && isPrivateKey(credential.secret))
    return gitErrors.credentialUnusable(
      host,
      `The credential stored for ${host} is a private key, which is for ssh URLs.`,
    );
  return undefined;
}

interface Prepared {
  readonly folder: string;
  readonly url: string;
  readonly settingArgs: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Writes the files that git needs, and returns its settings and environment. */
async function prepare(
  temp: string,
  remote: GitRemote,
  resolved: ResolvedHost,
  settings: HostSettings,
): Promise<Result<Prepared, DomainError>> {
  const [folder, home, empty] = [join(temp, 'repository'), join(temp, 'home'), join(temp, 'empty')];
  for (const path of [folder, home, empty]) await mkdir(path);
  const config = join(temp, 'config');
  const env: Record<string, string> = {
    PATH: empty,
    HOME: home,
    LC_ALL: 'C', // messages are compared
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: config,
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: remote.scheme,
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
  };
  const settingArgs = [...SAFE_SETTINGS, `protocol.${remote.scheme}.allow=always`];
  const url = urlForGit(remote, settings.credential?.user);
  if (remote.scheme === 'https') {
    const authorities = join(temp, 'authorities.pem');
    const trusted = [...getCACertificates('default'), settings.certificateAuthority ?? ''];
    await writeFile(authorities, trusted.join('\n'), { mode: PRIVATE_MODE, flag: 'wx' });
    settingArgs.push(`http.sslCAInfo=${authorities}`);
    if (isIP(resolved.host) === 0) settingArgs.push(`http.curloptResolve=${pinned(resolved)}`);
    await writeFile(config, authorization(remote, settings), { mode: PRIVATE_MODE, flag: 'wx' });
  } else {
    const ssh = await findSsh();
    if (ssh === undefined) return err(sourceErrors.programMissing('ssh'));
    await writeFile(config, '', { mode: PRIVATE_MODE, flag: 'wx' });
    env['GIT_SSH_VARIANT'] = 'ssh';
    env['GIT_SSH_COMMAND'] = await writeSshFiles(
      temp,
      ssh,
      { remote, resolved },
      { privateKey: settings.credential?.secret ?? '', knownHosts: settings.knownHosts ?? '' },
    );
  }
  return ok({ folder, url, settingArgs: settingArgs.flatMap((setting) => ['-c', setting]), env });
}

/** Returns the addresses of a host for `http.curloptResolve`: `host:port:address,address`. */
function pinned({ host, port, addresses }: ResolvedHost): string {
  const written = addresses.map((address) => (address.includes(':') ? `[${address}]` : address));
  return `${host}:${port}:${written.join(',')}`;
}

/**
 * Returns the configuration that sends a credential to one host only. It is in a private file and not in an argument,
 * the environment, or a URL; and it is a header and not the answer of a GIT_ASKPASS program, so that nothing has to be
 * run from the temporary folder, which may be mounted `noexec`.
 */
function authorization(remote: GitRemote, { credential }: HostSettings): string {
  return credential
    ? `[http "https://${remote.authority}/"]\n  extraHeader = "Authorization: Basic ${basic(credential)}"\n`
    : '';
}

/** Providers accept any user name with a token; `git` is used if there is none. */
const basic = ({ user = 'git', secret }: { readonly user?: string; readonly secret: string }): string =>
  Buffer.from(`${user}:${secret.trim()}`).toString('base64');

function createSession(
  git: string,
  parts: Prepared & {
    readonly remote: GitRemote;
    readonly settings: HostSettings;
    readonly context: SourceContext;
    readonly limits: GitLimits;
  },
): GitSession {
  const { remote, settings, context, limits, folder } = parts;
  const { credential } = settings;
  const run = async (
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    limit: { readonly timeoutMs: number; readonly maxOutputBytes: number; readonly stdin?: string },
    commit?: string,
  ): Promise<Result<Buffer, DomainError>> => {
    const ran = await runProgram({
      program: git,
      args: [...parts.settingArgs, ...args],
      env: { ...parts.env, ...env },
      cwd: folder,
      ...limit,
      memoryBytes: MEMORY_BYTES,
      fileBytes: limits.repositoryBytes,
      signal: context.signal,
      clock: context.clock,
    });
    if (ran.ok) return ok(ran.value.stdout);
    const command: FailedCommand = {
      remote,
      hasCredential: credential !== undefined,
      secrets: credential ? [credential.secret, credential.secret.trim(), basic(credential)] : [],
      timeoutMs: limit.timeoutMs,
      ...(commit !== undefined && { commit }),
    };
    return err(gitFailure(ran.error, command));
  };
  return {
    remote,
    limits,
    folder,
    url: parts.url,
    contact: (args, commit) => run(args, {}, { timeoutMs: limits.fetchMs, maxOutputBytes: MAX_LIST_BYTES }, commit),
    // Git fetches missing objects automatically; these commands must not.
    local: (args, { stdin, maxOutputBytes = MAX_LIST_BYTES } = {}) =>
      run(
        args,
        { GIT_ALLOW_PROTOCOL: 'none', GIT_NO_LAZY_FETCH: '1' },
        { timeoutMs: LOCAL_MS, maxOutputBytes, ...(stdin !== undefined && { stdin }) },
      ),
  };
}

async function checkVersion(session: GitSession): Promise<DomainError | undefined> {
  const answer = await session.local(['version']);
  if (!answer.ok) return answer.error;
  const [text = '', major, minor] = /(\d+)\.(\d+)[\w.]*/.exec(answer.value.toString('utf8')) ?? [];
  const isNewEnough =
    Number(major) > MIN_VERSION[0] || (Number(major) === MIN_VERSION[0] && Number(minor) >= MIN_VERSION[1]);
  return isNewEnough ? undefined : gitErrors.gitOutdated(text);
}
