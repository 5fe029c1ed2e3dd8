import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import type { HostSettings, SourceContext } from '../source.ts';
import { createRepository, GIT, gitContext, gitSource, TARGET } from './git.fixture.ts';
import { pinGit } from './pin-git.ts';
import { renderGit } from './render-git.ts';
import { sshConfig } from './ssh-files.ts';
import { newKey, startSshServer, type SshServer } from './ssh.fixture.ts';

const repositories = temporaryFolder();
const temp = temporaryFolder();
const describeWithSsh = existsSync(GIT) && existsSync('/usr/bin/ssh') ? describe : describe.skip;

describeWithSsh('a source in git over ssh', () => {
  let server: SshServer;
  let commit: string;
  const url = (name = 'app.git', user = 'git@') => `ssh://${user}git.test:${server.port}/team/${name}`;
  const known = (more: Partial<HostSettings> = {}): HostSettings => ({
    credential: { secret: server.privateKey },
    knownHosts: server.knownHost('git.test'),
    ...more,
  });
  const context = (settings: HostSettings, more: Partial<SourceContext> = {}): SourceContext =>
    gitContext(temp, { ports: [server.port], settings: { [`git.test:${server.port}`]: settings }, ...more });

  beforeAll(async () => {
    [commit = ''] = createRepository(join(repositories, 'team/app.git'), [{ files: { 'a.yaml': 'a: 1' }, tag: 'v1' }]);
    server = await startSshServer(repositories, ['git', 'deploy']);
  });
  beforeEach(() => {
    server.commands.length = 0;
    server.attempts.length = 0;
  });
  afterAll(async () => {
    await server.close();
    expect(readdirSync(temp)).toEqual([]); // no private key is left
  });

  it('is pinned and rendered with a private key and known host keys', async () => {
    const pinned = await pinGit(gitSource(url(), { revision: 'v1' }), context(known()));
    expect(pinned).toEqual({ ok: true, value: { type: 'git', commit, ref: 'refs/tags/v1' } });
    expect(await renderGit(gitSource(url()), { type: 'git', commit }, TARGET, context(known()))).toMatchObject({
      value: { detected: 'manifests', files: [{ name: 'a.yaml', text: 'a: 1' }] },
    });
    const command = { user: 'git', command: "git-upload-pack '/team/app.git'" };
    expect(server.commands).toEqual([command, command]);
  });

  it('uses the user of the URL, or of the credential, or git', async () => {
    const credential = { user: 'deploy', secret: `\r\n${server.privateKey.replaceAll('\n', '\r\n')}` };
    expect(await pinGit(gitSource(url()), context(known({ credential })))).toMatchObject({ ok: true });
    expect(await pinGit(gitSource(url('app.git', '')), context(known({ credential })))).toMatchObject({ ok: true });
    expect(await pinGit(gitSource(url('app.git', '')), context(known()))).toMatchObject({ ok: true });
    expect(server.commands.map(({ user }) => user)).toEqual(['git', 'deploy', 'git']);
  });

  it.each([undefined, '', ' \n'])('is refused without known host keys, before a connection: %j', async (knownHosts) => {
    const { knownHosts: _, ...settings } = known();
    expect(
      await pinGit(gitSource(url()), context(knownHosts === undefined ? settings : { ...settings, knownHosts })),
    ).toMatchObject({
      error: {
        code: 'sources/host-key-unknown',
        detail: `The host keys of git.test:${server.port} are not known.`,
        fix: `store them: astroctl credentials set git.test:${server.port} --kind git --known-hosts FILE`,
      },
    });
    expect(server.attempts).toEqual([]);
  });

  it('is refused if the server has another host key, before the private key is used', async () => {
    const knownHosts = `[git.test]:${server.port} ${newKey().public}\n[other.test]:${server.port} ${newKey().public}`;
    expect(await pinGit(gitSource(url()), context(known({ knownHosts })))).toMatchObject({
      error: {
        code: 'sources/host-key-unknown',
        detail: expect.stringContaining('does not have one of the host keys'),
      },
    });
    const ofAddress = server.knownHost('127.0.0.1');
    expect(await pinGit(gitSource(url()), context(known({ knownHosts: ofAddress })))).toMatchObject({
      error: { code: 'sources/host-key-unknown' },
    });
    expect(server.attempts).toEqual([]);
  });

  it('is refused if the private key is not accepted, or the repository does not exist', async () => {
    const refused = { error: { code: 'sources/repository-not-found', kind: 'invalid' } };
    const credential = { secret: newKey().private };
    expect(await pinGit(gitSource(url()), context(known({ credential })))).toMatchObject(refused);
    expect(await pinGit(gitSource(url('absent.git')), context(known()))).toMatchObject(refused);
  });

  it('is refused with a credential that is not a private key, or one with a passphrase', async () => {
    for (const secret of ['password', newKey('pass').private, '-----BEGIN OPENSSH PRIVATE KEY-----\nbroken']) {
      const failed = await pinGit(gitSource(url()), context(known({ credential: { secret } })));
      expect(failed).toMatchObject({ error: { code: 'sources/credential-unusable', kind: 'invalid' } });
      expect(JSON.stringify(failed)).not.toContain(temp);
    }
    expect(server.attempts).toEqual([]);
  });

  it('refuses a private key for an https URL, to which it would be sent', async () =>
    expect(await pinGit(gitSource(`https://git.test:${server.port}/app.git`), context(known()))).toMatchObject({
      error: { code: 'sources/credential-unusable', detail: expect.stringContaining('is a private key') },
    }));

  it('D3: is contacted at the address that was checked, and not at one that the machine resolves', async () => {
    const local = gitContext(temp, {
      ports: [server.port],
      settings: { [`localhost:${server.port}`]: known({ knownHosts: server.knownHost('localhost') }) },
      egress: { refusal: () => undefined },
    });
    const source = gitSource(`ssh://git@localhost:${server.port}/team/app.git`);
    expect(await pinGit(source, { ...local, resolve: async () => ['127.0.0.9'] })).toMatchObject({
      error: { code: 'sources/unreachable' },
    });
    expect(server.attempts).toEqual([]);
    expect(await pinGit(source, { ...local, resolve: async () => ['127.0.0.1'] })).toMatchObject({ value: { commit } });
  });

  it('D4: uses the private key of a host for that host only', async () => {
    const source = gitSource(`ssh://git@other.test:${server.port}/team/app.git`);
    expect(await pinGit(source, context(known(), { resolve: async () => ['127.0.0.1'] }))).toMatchObject({
      error: { code: 'sources/host-key-unknown' },
    });
    expect(server.attempts).toEqual([]);
  });
});

describe('D1: the configuration of ssh', () => {
  const files = { key: '/tmp/a%b/key', known: '/tmp/a%b/known_hosts' };

  it('names the checked address and the known name, and replaces everything that could run a program', () => {
    const lines = sshConfig({ host: 'git.test', port: 22 }, { addresses: ['fd00::1'] }, files).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'HostName fd00::1',
        'HostKeyAlias git.test',
        'UserKnownHostsFile "/tmp/a%%b/known_hosts"',
        'GlobalKnownHostsFile /dev/null',
        'IdentityFile "/tmp/a%%b/key"',
        'StrictHostKeyChecking yes',
        'ProxyCommand none',
        'ProxyJump none',
        'PermitLocalCommand no',
        'IdentityAgent none',
        'ForwardAgent no',
      ]),
    );
  });

  it('has the port in the known name, as files of known hosts do', () =>
    expect(sshConfig({ host: 'git.test', port: 2222 }, { addresses: ['192.0.2.1'] }, files)).toContain(
      '\nHostKeyAlias [git.test]:2222\n',
    ));
});
