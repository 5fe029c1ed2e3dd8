import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { egressRefused, isAllowed, parseEgressPolicy } from '#egress';
import { systemClock } from '#runtime/system';
import { createTestAuthority } from '#testing/charts';
import { PROGRAMS } from '../helm/helm.fixture.ts';
import type { GitSource, HostSettings, RenderTarget, SourceContext } from '../source.ts';

export const GIT = '/usr/bin/git';

/** Tests with real git are skipped where it is not installed, as are those with kustomize without kubectl. */
export const describeWithGit = existsSync(GIT) ? describe : describe.skip;
export const describeWithKubectl = existsSync(GIT) && PROGRAMS.kubectl !== undefined ? describe : describe.skip;

/** A file, or a symbolic link, or a submodule. */
export type Content = string | Buffer | { readonly link: string } | { readonly submodule: string };
export type Files = Readonly<Record<string, Content>>;

export interface Commit {
  readonly files: Files;
  /** Full names of the refs that are set to the commit; `refs/heads/main` by default. */
  readonly refs?: readonly string[];
  /** Name of an annotated tag. */
  readonly tag?: string;
}

/** Environment in which no configuration of the machine counts. */
const env = (folder: string) => ({ HOME: folder, PATH: '/usr/bin:/bin', GIT_CONFIG_NOSYSTEM: '1' });

export function runGit(folder: string, args: readonly string[], input?: string | Buffer): string {
  const ran = spawnSync(GIT, args, { cwd: folder, env: env(folder), input, maxBuffer: 64 * 1024 ** 2 });
  if (ran.status !== 0) throw new Error(`git ${args.join(' ')}: ${ran.stderr.toString()}`);
  return ran.stdout.toString().trim();
}

/** Creates a bare repository, each of whose commits has exactly the given files. @returns the ids of the commits */
export function createRepository(folder: string, commits: readonly Commit[], format = 'sha1'): readonly string[] {
  mkdirSync(folder, { recursive: true });
  runGit(folder, ['init', '-q', '--bare', '-b', 'main', `--object-format=${format}`]);
  runGit(folder, ['config', 'uploadpack.allowFilter', 'true']);
  return commits.map((commit) => addCommit(folder, commit));
}

/** Adds a commit to a bare repository. @returns its id */
export function addCommit(folder: string, { files, refs = ['refs/heads/main'], tag }: Commit): string {
  const person = 'Ada <ada@example.com> 1700000000 +0000';
  const parts: (string | Buffer)[] = ['reset refs/heads/draft\n\n', `commit refs/heads/draft\ncommitter ${person}\n`];
  parts.push('data 0\n\n', 'deleteall\n');
  for (const [path, content] of Object.entries(files)) {
    if (typeof content === 'object' && 'submodule' in content) {
      parts.push(`M 160000 ${content.submodule} ${path}\n`);
      continue;
    }
    const isLink = typeof content === 'object' && 'link' in content;
    const bytes = Buffer.from(isLink ? content.link : content);
    parts.push(`M ${isLink ? '120000' : '100644'} inline ${path}\ndata ${bytes.length}\n`, bytes, '\n');
  }
  runGit(folder, ['fast-import', '--quiet', '--force'], Buffer.concat(parts.map((part) => Buffer.from(part))));
  const id = runGit(folder, ['rev-parse', 'refs/heads/draft']);
  for (const ref of refs) runGit(folder, ['update-ref', ref, id]);
  runGit(folder, ['update-ref', '-d', 'refs/heads/draft']);
  const as = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  if (tag !== undefined) runGit(folder, [...as, 'tag', '-a', tag, '-m', tag, id]);
  return id;
}

export interface GitServer {
  readonly port: number;
  /** Certificate of its authority. */
  readonly authority: string;
  /** Requests so far: method, URL, and the header Authorization. */
  readonly requests: { readonly method: string; readonly url: string; readonly authorization: string | undefined }[];
  /** Responds instead of git if it returns true. */
  answer: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** Base64 of `user:password` that is required; none if undefined. */
  credential: string | undefined;
  close(): Promise<void>;
}

/** Starts a git server over https on loopback, for the host `git.test` and the repositories in a folder. */
export async function startGitServer(folder: string, names: readonly string[] = ['git.test']): Promise<GitServer> {
  const certificate = await createTestAuthority(...names);
  const server = createServer(certificate, (request, response) => {
    const { method = '', url = '', headers } = request;
    started.requests.push({ method, url, authorization: headers.authorization });
    if (started.answer?.(request, response)) return;
    if (started.credential !== undefined && headers.authorization !== `Basic ${started.credential}`)
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    runBackend(folder, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const started: GitServer = {
    port: (server.address() as AddressInfo).port, // the address of a TCP server
    authority: certificate.authority,
    requests: [],
    answer: undefined,
    credential: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return started;
}

/** Serves a request with `git http-backend`, a CGI program. */
function runBackend(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '', 'https://git.test');
  const header = (name: string) => String(request.headers[name] ?? '');
  const child = spawn(GIT, ['http-backend'], {
    env: {
      ...env(folder),
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: searchParams.toString(),
      REQUEST_METHOD: request.method ?? '',
      CONTENT_TYPE: header('content-type'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      GIT_PROTOCOL: header('git-protocol'),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined); // an error response is sent without reading the request
  response.on('close', () => child.kill());
  let head = Buffer.alloc(0);
  const onHead = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    child.stdout.off('data', onHead);
    const lines = head.toString('latin1', 0, end).split('\r\n');
    const headers = lines.map((line) => /^([^:]+): *(.*)$/.exec(line)?.slice(1, 3) ?? []);
    const status = headers.find(([name]) => name?.toLowerCase() === 'status')?.[1];
    for (const [name, value] of headers)
      if (name !== undefined && value !== undefined && name.toLowerCase() !== 'status') response.setHeader(name, value);
    response.writeHead(status === undefined ? 200 : parseInt(status, 10));
    response.write(head.subarray(end + 4));
    child.stdout.pipe(response);
  };
  child.stdout.on('data', onHead);
}

export const TARGET: RenderTarget = {
  namespace: 'acme-web',
  kubernetesVersion: '1.36.3',
  apiVersions: ['v1/ConfigMap'],
};

/** A context in which some names are on loopback, and only the given ports of it may be contacted. */
export function gitContext(
  folder: string,
  options: {
    readonly ports: readonly number[];
    readonly settings?: Readonly<Record<string, HostSettings>>;
    readonly names?: readonly string[];
  } & Partial<SourceContext>,
): SourceContext {
  const { ports, settings = {}, names = ['git.test'], ...more } = options;
  const policy = parseEgressPolicy(ports.map((port) => `127.0.0.1:${port}`).join(' '));
  if (!policy.ok) throw new Error(policy.error.detail);
  return {
    programs: { ...PROGRAMS, git: GIT },
    egress: {
      refusal: (target) => (isAllowed(policy.value, target) ? undefined : egressRefused(target, policy.value)),
    },
    settingsOf: async (host, kind) => (kind === 'git' ? settings[host] : undefined),
    resolve: async (host) => (names.includes(host) ? ['127.0.0.1'] : [host]),
    folder,
    clock: systemClock,
    signal: new AbortController().signal,
    ...more,
  };
}

export const gitSource = (url: string, more: Partial<GitSource> = {}): GitSource => ({
  type: 'git',
  url,
  path: '',
  accepts: 'any',
  releaseName: 'web',
  ...more,
});
