import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually, manualClock, temporaryFolder } from '#testing';
import type { SourceContext } from '../source.ts';
import { addCommit, createRepository, describeWithGit, gitContext, gitSource, startGitServer } from './git.fixture.ts';
import type { GitServer } from './git.fixture.ts';
import { pinGit } from './pin-git.ts';

const repositories = temporaryFolder();
const temp = temporaryFolder();

describeWithGit('the pin of a source in git', () => {
  let server: GitServer;
  let commits: readonly string[];
  const url = (name = 'app.git') => `https://git.test:${server.port}/${name}`;
  const context = (more: Partial<Parameters<typeof gitContext>[1]> = {}): SourceContext =>
    gitContext(temp, {
      ports: [server.port],
      settings: { [`git.test:${server.port}`]: { certificateAuthority: server.authority } },
      ...more,
    });
  const pin = (revision?: string, name?: string) =>
    pinGit(gitSource(url(name), revision === undefined ? {} : { revision }), context());

  beforeAll(async () => {
    commits = createRepository(join(repositories, 'app.git'), [
      { files: { 'a.yaml': 'a: 1' }, refs: ['refs/heads/old', 'refs/tags/light', 'refs/heads/both'], tag: 'v1' },
      { files: { 'a.yaml': 'a: 2' }, refs: ['refs/heads/main', 'refs/heads/feature/x', 'refs/tags/both'] },
    ]);
    createRepository(join(repositories, 'empty.git'), []);
    server = await startGitServer(repositories);
  });
  afterAll(() => server.close());

  it('is the commit of the default branch, a branch, or a tag, annotated or not', async () => {
    const pinned = (commit: string | undefined, ref: string) => ({ ok: true, value: { type: 'git', commit, ref } });
    expect(await pin()).toEqual(pinned(commits[1], 'refs/heads/main'));
    expect(await pin('HEAD')).toEqual(pinned(commits[1], 'refs/heads/main'));
    expect(await pin('old')).toEqual(pinned(commits[0], 'refs/heads/old'));
    expect(await pin('feature/x')).toEqual(pinned(commits[1], 'refs/heads/feature/x'));
    expect(await pin('light')).toEqual(pinned(commits[0], 'refs/tags/light'));
    expect(await pin('v1')).toEqual(pinned(commits[0], 'refs/tags/v1'));
    expect(await pin('refs/tags/v1')).toEqual(pinned(commits[0], 'refs/tags/v1'));
  });

  it('follows a branch that is moved', async () => {
    const [first = '', second = ''] = createRepository(join(repositories, 'moving.git'), [
      { files: { a: '1' } },
      { files: { a: '2' }, refs: ['refs/heads/next'] },
    ]);
    expect(await pin('main', 'moving.git')).toMatchObject({ value: { commit: first } });
    const third = addCommit(join(repositories, 'moving.git'), { files: { a: '3' } });
    expect(await pin('main', 'moving.git')).toMatchObject({ value: { commit: third } });
    expect(new Set([first, second, third]).size).toBe(3);
  });

  it('is the full ID of a commit as it is, without a request', async () => {
    const before = server.requests.length;
    const commit = 'ABCDEF0123'.repeat(4);
    expect(await pin(commit)).toEqual({ ok: true, value: { type: 'git', commit: commit.toLowerCase() } });
    expect(server.requests.length).toBe(before);
  });

  it('is refused for a name that is both a branch and a tag, which must be written in full', async () => {
    expect(await pin('both')).toMatchObject({
      error: {
        code: 'sources/revision-ambiguous',
        detail: 'both is both a branch and a tag: refs/heads/both and refs/tags/both.',
        fix: 'use refs/heads/both or refs/tags/both',
      },
    });
    expect(await pin('refs/heads/both')).toMatchObject({ value: { commit: commits[0], ref: 'refs/heads/both' } });
    expect(await pin('refs/tags/both')).toMatchObject({ value: { commit: commits[1], ref: 'refs/tags/both' } });
  });

  it.each(['absent', 'mai', 'refs/heads/v1', 'x'])('is refused for a revision that does not exist: %s', async (name) =>
    expect(await pin(name)).toMatchObject({ error: { code: 'sources/revision-unknown', kind: 'invalid' } }),
  );

  it('is refused for an empty repository', async () =>
    expect(await pin(undefined, 'empty.git')).toMatchObject({
      error: { code: 'sources/revision-unknown', detail: expect.stringContaining('no commit') },
    }));

  it('is refused for a repository that does not exist, with the command that stores a credential', async () =>
    expect(await pin('main', 'absent.git')).toMatchObject({
      error: {
        code: 'sources/repository-not-found',
        detail: `${url('absent.git')} was not found, or it needs a credential. There is none for git.test:${server.port}.`,
        fix: `check the URL, or store a credential: astroctl credentials set git.test:${server.port} --kind git`,
      },
    }));

  it('is refused if the certificate is of an unknown authority, with the command that stores one', async () =>
    expect(await pinGit(gitSource(url()), context({ settings: {} }))).toMatchObject({
      error: {
        code: 'sources/certificate-refused',
        detail: `The certificate of git.test:${server.port} is not trusted: its certificate authority is unknown.`,
        fix: expect.stringContaining(`astroctl credentials set git.test:${server.port} --kind git --ca FILE`),
      },
    }));

  it('is refused if the certificate is for another host', async () => {
    const other = `https://other.test:${server.port}/app.git`;
    const settings = { [`other.test:${server.port}`]: { certificateAuthority: server.authority } };
    expect(await pinGit(gitSource(other), context({ settings, names: ['other.test'] }))).toMatchObject({
      error: { code: 'sources/certificate-refused', detail: expect.stringContaining('it is for another host') },
    });
  });

  it('fails if the server is not reachable, or responds with a failure', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo; // the address of a TCP server
    await new Promise((resolve) => closed.close(resolve));
    expect(await pinGit(gitSource(`https://git.test:${port}/app.git`), context({ ports: [port] }))).toMatchObject({
      error: { code: 'sources/unreachable', kind: 'unavailable', detail: `git.test:${port} does not respond.` },
    });
    server.answer = (_, response) => (response.writeHead(503).end(), true);
    expect(await pin()).toMatchObject({
      error: { code: 'sources/unreachable', detail: `git.test:${server.port} responded with status 503.` },
    });
    server.answer = undefined;
  });

  it('fails after its time, and when the work is canceled', async () => {
    let waiting = 0;
    server.answer = () => (waiting++, true);
    const clock = manualClock();
    const late = pinGit(gitSource(url()), context({ clock }));
    await eventually(() => expect(waiting).toBe(1));
    clock.advance(60_000);
    expect(await late).toMatchObject({ error: { code: 'sources/timeout', detail: expect.stringContaining('60 s') } });
    const abort = new AbortController();
    const canceled = pinGit(gitSource(url()), context({ signal: abort.signal }));
    await eventually(() => expect(waiting).toBe(2));
    abort.abort();
    expect(await canceled).toMatchObject({ error: { code: 'sources/canceled' } });
    server.answer = undefined;
  });

  it('fails if git is not installed, or is older than the options that it needs', async () => {
    const missing = { error: { code: 'sources/program-missing', kind: 'unavailable' } };
    expect(await pinGit(gitSource(url()), context({ programs: {} }))).toMatchObject(missing);
    expect(await pinGit(gitSource(url()), context({ programs: { git: '/nonexistent/git' } }))).toMatchObject(missing);
    const old = join(temp, 'old-git');
    writeFileSync(old, '#!/bin/sh\necho git version 2.36.4\n');
    chmodSync(old, 0o755);
    expect(await pinGit(gitSource(url()), context({ programs: { git: old } }))).toMatchObject({
      error: { code: 'sources/program-missing', detail: 'Git 2.36.4 is too old; 2.37 or newer is needed.' },
    });
  });
});
