import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import type { HostSettings, SourceContext } from '../source.ts';
import {
  createRepository,
  describeWithGit,
  GIT,
  gitContext,
  gitSource,
  startGitServer,
  TARGET,
} from './git.fixture.ts';
import type { GitServer } from './git.fixture.ts';
import { pinGit } from './pin-git.ts';
import { renderGit } from './render-git.ts';
import { newKey } from './ssh.fixture.ts';

const repositories = temporaryFolder();
const temp = temporaryFolder();
const SECRET = 's3cret-t0ken';

describeWithGit('attacks on sources in git', () => {
  let server: GitServer;
  let other: GitServer;
  let commit: string;
  const url = (name = 'app.git') => `https://git.test:${server.port}/${name}`;
  const otherUrl = () => `https://other.test:${other.port}/app.git`;
  const credential = { user: 'ada', secret: SECRET };
  const settings = (): Record<string, HostSettings> => ({
    [`git.test:${server.port}`]: { certificateAuthority: server.authority, credential },
    [`other.test:${other.port}`]: { certificateAuthority: other.authority },
  });
  const context = (more: Partial<SourceContext> = {}): SourceContext =>
    gitContext(temp, {
      ports: [server.port, other.port],
      names: ['git.test', 'other.test'],
      settings: settings(),
      ...more,
    });
  const refused = { ok: false, error: { code: 'clusters/egress-refused' } };

  beforeAll(async () => {
    [commit = ''] = createRepository(join(repositories, 'app.git'), [{ files: { 'a.yaml': 'a: 1' } }]);
    server = await startGitServer(repositories);
    other = await startGitServer(repositories, ['other.test']);
  });
  beforeEach(() => {
    for (const each of [server, other]) {
      each.requests.length = 0;
      each.answer = undefined;
      each.credential = undefined;
    }
  });
  afterAll(async () => {
    await server.close();
    await other.close();
    expect(readdirSync(temp)).toEqual([]); // no temporary folder is left, in particular none with a secret
  });

  describe('D3: a URL that leads to an address which is not allowed', () => {
    it.each([
      'https://127.0.0.1/app.git',
      'https://127.1:8443/app.git',
      'https://0x7f000001/app.git',
      'https://2130706433/app.git',
      'https://[::1]/app.git',
      'https://[::ffff:127.0.0.1]/app.git',
      'https://169.254.169.254/latest/meta-data',
      'https://10.4.0.12/app.git',
      'https://localhost/app.git',
      'https://LOCALHOST./app.git',
      'ssh://git@127.0.0.1/app.git',
    ])('is refused before git runs, with the resolver of the machine: %s', async (address) => {
      const { resolve: _, ...machine } = context({ programs: { git: '/nonexistent/git' } });
      const known = { credential: { secret: newKey().private }, knownHosts: 'x' };
      const settingsOf = async () => (address.startsWith('ssh') ? known : undefined);
      expect(await pinGit(gitSource(address), { ...machine, settingsOf })).toMatchObject(refused);
      expect(
        await renderGit(gitSource(address), { type: 'git', commit }, TARGET, { ...machine, settingsOf }),
      ).toMatchObject(refused);
    });

    it('is refused if one address of the name is not allowed', async () =>
      expect(await pinGit(gitSource(url()), context({ resolve: async () => ['127.0.0.1', '10.0.0.1'] }))).toMatchObject(
        refused,
      ));

    it('is contacted at the address that was checked, although the name resolves to another one since', async () => {
      let asked = 0;
      const rebinding = context({ resolve: async () => [asked++ === 0 ? '127.0.0.1' : '10.0.0.1'] });
      expect(await pinGit(gitSource(url()), rebinding)).toMatchObject({ value: { commit } });
      expect(asked).toBe(1);
      // The machine resolves localhost to 127.0.0.1, where the server is. git must not ask the machine.
      const elsewhere = gitContext(temp, {
        ports: [server.port],
        resolve: async () => ['127.0.0.9'],
        egress: { refusal: () => undefined },
      });
      server.requests.length = 0;
      expect(await pinGit(gitSource(`https://localhost:${server.port}/app.git`), elsewhere)).toMatchObject({
        error: { code: 'sources/unreachable' },
      });
      expect(server.requests).toEqual([]);
    });

    it.each([301, 302, 307])('is not reached by a redirect with status %s', async (status) => {
      server.answer = (request, response) => {
        response.writeHead(status, { location: `https://other.test:${other.port}${request.url}` }).end();
        return true;
      };
      const redirected = {
        error: { code: 'sources/redirect-refused', detail: `${url()} redirects to another URL.` },
      };
      expect(await pinGit(gitSource(url()), context())).toMatchObject(redirected);
      expect(await renderGit(gitSource(url()), { type: 'git', commit }, TARGET, context())).toMatchObject(redirected);
      expect(other.requests).toEqual([]);
    });

    it('is not reached by alternates of a server without the protocol of git', async () => {
      server.answer = ({ url: path = '' }, response) => {
        if (path.includes('/info/refs')) response.end(`${commit}\trefs/heads/main\n`);
        else if (path.endsWith('alternates')) response.end(`${otherUrl()}/objects\n`);
        else response.writeHead(404).end();
        return true;
      };
      const rendered = await renderGit(gitSource(url()), { type: 'git', commit }, TARGET, context());
      expect(rendered.ok).toBe(false);
      expect(other.requests).toEqual([]);
    });
  });

  it('D4: a credential is sent to the host that it is stored for, and to no other', async () => {
    server.credential = Buffer.from(`ada:${SECRET}`).toString('base64');
    expect(await pinGit(gitSource(url()), context())).toMatchObject({ value: { commit } });
    expect(await renderGit(gitSource(url()), { type: 'git', commit }, TARGET, context())).toMatchObject({
      value: { files: [{ name: 'a.yaml' }] },
    });
    expect(server.requests.every(({ authorization }) => authorization === `Basic ${server.credential}`)).toBe(true);
    expect(await pinGit(gitSource(otherUrl()), context())).toMatchObject({ value: { commit } });
    expect(other.requests.length).toBeGreaterThan(0);
    expect(other.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    // The same name with another port is another host.
    const moved = context({ names: ['git.test'] } as Partial<SourceContext>);
    await pinGit(gitSource(`https://git.test:${other.port}/app.git`), moved);
    expect(other.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  describe('D5: the secret of a credential', () => {
    it('is in no error, even if the server repeats it', async () => {
      const encoded = Buffer.from(`ada:${SECRET}`).toString('base64');
      server.answer = (_, response) => {
        const line = `ERR quota of https://ada:${SECRET}@git.test for ${SECRET} ${encoded}\u001b[31m\n`;
        response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
        response.end(`001e# service=git-upload-pack\n0000${(line.length + 4).toString(16).padStart(4, '0')}${line}`);
        return true;
      };
      const failed = await pinGit(gitSource(url()), context());
      expect(failed).toMatchObject({
        error: { code: 'sources/git-failed', detail: expect.stringContaining('quota of https://git.test for ***') },
      });
      expect(JSON.stringify(failed)).not.toContain(SECRET);
      expect(JSON.stringify(failed)).not.toContain(encoded);
      expect(JSON.stringify(failed)).not.toContain('u001b');
    });

    it('is refused with the name of the host and without the secret if it is wrong', async () => {
      server.credential = 'another';
      const failed = await pinGit(gitSource(url()), context());
      expect(failed).toMatchObject({
        error: {
          code: 'sources/repository-not-found',
          detail: `${url()} was not found, or the credential of git.test:${server.port} has no access to it.`,
        },
      });
      expect(JSON.stringify(failed)).not.toContain(SECRET);
    });

    it('is in no argument and no variable of git, which gets an empty home and its settings by argument', async () => {
      const seen = join(repositories, 'seen');
      const spy = join(repositories, 'spy-git');
      writeFileSync(
        spy,
        `#!${process.execPath}
        const { appendFileSync } = require('node:fs');
        appendFileSync(${JSON.stringify(seen)}, JSON.stringify({ args: process.argv.slice(2), env: process.env }) + '\\n');
        const { status, stdout } = require('node:child_process').spawnSync(${JSON.stringify(GIT)}, process.argv.slice(2));
        process.stdout.write(stdout);
        process.exit(status);`,
      );
      chmodSync(spy, 0o755);
      const rendered = await renderGit(
        gitSource(url()),
        { type: 'git', commit },
        TARGET,
        context({ programs: { git: spy } }),
      );
      expect(rendered).toMatchObject({ ok: true });
      const text = readFileSync(seen, 'utf8');
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(Buffer.from(`ada:${SECRET}`).toString('base64'));
      const calls = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { args: string[]; env: Record<string, string> });
      const fetch = calls.find(({ args }) => args.includes('fetch'));
      expect(fetch?.args.slice(-3)).toEqual(['--', url(), commit]);
      for (const setting of [
        'protocol.allow=never',
        'http.followRedirects=false',
        'credential.helper=',
        'core.hooksPath=/dev/null',
      ])
        expect(fetch?.args).toContain(setting);
      expect(fetch?.env).toMatchObject({
        GIT_ALLOW_PROTOCOL: 'https',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        GIT_PROTOCOL_FROM_USER: '0',
      });
      expect(fetch?.env).not.toHaveProperty('SSH_AUTH_SOCK');
      expect(fetch?.env['PATH']).toMatch(/\/empty$/);
    });
  });
});
