import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import type { GitSource, SourceContext } from '../source.ts';
import {
  createRepository,
  describeWithGit,
  gitContext,
  gitSource,
  runGit,
  startGitServer,
  TARGET,
} from './git.fixture.ts';
import type { Files, GitServer } from './git.fixture.ts';
import { DEFAULT_GIT_LIMITS, type GitLimits } from './git-limits.ts';
import { renderGit, renderGitWithin } from './render-git.ts';

const repositories = temporaryFolder();
const temp = temporaryFolder();

describeWithGit('attacks by the content of a repository', () => {
  let server: GitServer;
  let other: GitServer;
  let count = 0;
  const url = (name: string) => `https://git.test:${server.port}/${name}`;
  const otherUrl = () => `https://other.test:${other.port}/app.git`;
  const context = (): SourceContext =>
    gitContext(temp, {
      ports: [server.port, other.port],
      names: ['git.test', 'other.test'],
      settings: {
        [`git.test:${server.port}`]: { certificateAuthority: server.authority },
        [`other.test:${other.port}`]: { certificateAuthority: other.authority },
      },
    });

  beforeAll(async () => {
    server = await startGitServer(repositories);
    other = await startGitServer(repositories, ['other.test']);
  });
  beforeEach(() => {
    other.requests.length = 0;
  });
  afterAll(async () => {
    await server.close();
    await other.close();
    expect(readdirSync(temp)).toEqual([]); // no temporary folder is left
  });

  /** Renders a commit with the given files. */
  async function render(files: Files, source: Partial<GitSource> = {}, limits: GitLimits = DEFAULT_GIT_LIMITS) {
    const name = `attack-${count++}.git`;
    const [id = ''] = createRepository(join(repositories, name), [{ files }]);
    return renderGitWithin(limits)(gitSource(url(name), source), { type: 'git', commit: id }, TARGET, context());
  }

  describe('D6: what a repository can contain', () => {
    it.each([
      ['a link to a file of the machine', { 'a.yaml': { link: '/etc/passwd' } }, '', 'a.yaml is a symbolic link'],
      ['a link out of the tree', { 'a.yaml': { link: '../../x' } }, '', 'a.yaml is a symbolic link'],
      ['a folder that is a link', { deploy: { link: '/etc' } }, 'deploy', 'deploy is a symbolic link'],
      ['a path through a link', { deploy: { link: '/etc' } }, 'deploy/ssl', 'deploy is a symbolic link'],
      ['a submodule', { sub: { submodule: '1'.repeat(40) } }, 'sub', 'sub is a submodule'],
      [
        'a pointer of Git LFS',
        { 'a.yaml': `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 9\n` },
        '',
        'a.yaml is stored in Git LFS',
      ],
    ] satisfies [string, Files, string, string][])('is refused where it is read: %s', async (_, files, path, detail) =>
      expect(await render(files, { path })).toMatchObject({
        error: { code: 'sources/file-refused', detail: expect.stringContaining(detail) },
      }),
    );

    it('is not run or followed: links elsewhere, submodules, hooks, filters, and configuration', async () => {
      const marker = join(repositories, 'was-run');
      const run = `!touch ${marker}`;
      const files: Files = {
        'a.yaml': 'a: 1\n',
        '.gitattributes': '*.yaml filter=evil text eol=crlf ident working-tree-encoding=UTF-16',
        '.gitconfig': `[filter "evil"]\n  smudge = touch ${marker}\n[core]\n  fsmonitor = touch ${marker}\n`,
        '.gitmodules': `[submodule "sub"]\n  path = sub\n  url = ${otherUrl()}\n  update = checkout\n`,
        '.lfsconfig': `[lfs]\n  url = ${otherUrl()}\n`,
        'hooks/post-checkout': `#!/bin/sh\n${run}\n`,
        config: `[core]\n  fsmonitor = ${run}\n`,
        sub: { submodule: '1'.repeat(40) },
        link: { link: '/etc/passwd' },
      };
      expect(await render(files)).toEqual({
        ok: true,
        value: { detected: 'manifests', files: [{ name: 'a.yaml', text: 'a: 1\n' }], warnings: [] },
      });
      expect(existsSync(marker)).toBe(false);
      expect(other.requests).toEqual([]);
    });

    it('is refused if its paths lead out of a folder', async () => {
      const folder = join(repositories, 'slip.git');
      createRepository(folder, [{ files: { 'a.yaml': 'a: 1' } }]);
      const blob = Buffer.from(runGit(folder, ['rev-parse', 'main:a.yaml']), 'hex');
      const treeOf = (name: string, mode: string, id: Buffer) =>
        Buffer.from(
          runGit(
            folder,
            ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'],
            Buffer.concat([Buffer.from(`${mode} ${name}\0`), id]),
          ),
          'hex',
        );
      for (const name of ['..', '.git']) {
        const tree = treeOf(name, '40000', treeOf('a.yaml', '100644', blob)).toString('hex');
        const as = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
        const id = runGit(folder, [...as, 'commit-tree', '-m', 'slip', tree]);
        runGit(folder, ['update-ref', 'refs/heads/slip', id]);
        const rendered = await renderGit(gitSource(url('slip.git')), { type: 'git', commit: id }, TARGET, context());
        expect(rendered).toMatchObject({
          error: { code: expect.stringMatching(/^sources\/(file-refused|git-failed)$/) },
        });
      }
    });

    const tooLarge = { error: { code: 'sources/source-too-large', kind: 'invalid' } };

    it('is limited in the size of the repository', async () => {
      const files = Object.fromEntries([1, 2, 3].map((each) => [`${each}.bin`, randomBytes(1_000_000)]));
      const limits = { ...DEFAULT_GIT_LIMITS, repositoryBytes: 2 * 1024 ** 2 };
      expect(await render({ 'a.yaml': 'a: 1', ...files }, {}, limits)).toMatchObject(tooLarge);
      expect(await render({ 'a.yaml': 'a: 1', ...files })).toMatchObject({ ok: true });
    });

    it('is limited in the number of files, and in lists of files that a few trees describe', async () => {
      const limits = { ...DEFAULT_GIT_LIMITS, files: 2 };
      expect(await render({ a: '', b: '', 'c.yaml': '' }, {}, limits)).toMatchObject(tooLarge);
      const folder = join(repositories, 'bomb.git');
      createRepository(folder, [{ files: { 'a.yaml': 'a: 1' } }]);
      let tree = runGit(folder, ['rev-parse', 'main^{tree}']);
      for (let depth = 0; depth < 9; depth++) {
        const lines = Array.from({ length: 10 }, (_, index) => `040000 tree ${tree}\tf${index}\n`);
        tree = runGit(folder, ['mktree'], lines.join(''));
      }
      const as = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
      const id = runGit(folder, [...as, 'commit-tree', '-m', 'bomb', tree]);
      runGit(folder, ['update-ref', 'refs/heads/main', id]);
      expect(await renderGit(gitSource(url('bomb.git')), { type: 'git', commit: id }, TARGET, context())).toMatchObject(
        tooLarge,
      );
    });

    it('is limited in the size of each file and of all files that are read', async () => {
      const large = 'x'.repeat(DEFAULT_GIT_LIMITS.fileBytes + 1);
      expect(await render({ 'a.yaml': large })).toMatchObject(tooLarge);
      expect(await render({ 'a.yaml': 'a: 1', 'large.bin': large })).toMatchObject({ ok: true });
      expect(await render({ 'a.yaml': 'x'.repeat(DEFAULT_GIT_LIMITS.fileBytes) })).toMatchObject({ ok: true });
      const limits = { ...DEFAULT_GIT_LIMITS, readBytes: 9 };
      expect(await render({ 'a.yaml': 'a: 1', 'b.yaml': 'b: 1', 'c.yaml': 'c: 1' }, {}, limits)).toMatchObject(
        tooLarge,
      );
    });
  });

  describe('D7: values files of a chart', () => {
    const chart: Files = { 'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n' };
    const withValues = (file: string, more: Files = {}) =>
      render({ ...chart, ...more }, { path: 'charts/web', values: { type: 'files', files: [file] } });

    it.each(['../../../etc/passwd', '/etc/passwd', '../../..', 'https://example.com/values.yaml\n', 'a\\..\\b'])(
      'outside of the repository are refused: %j',
      async (file) =>
        expect(await withValues(file)).toMatchObject({ error: { code: 'sources/path-invalid', kind: 'invalid' } }),
    );

    it('that are links, or in a folder that is a link, are refused', async () => {
      const link = { error: { code: 'sources/file-refused', detail: expect.stringContaining('symbolic link') } };
      expect(
        await withValues('values-prod.yaml', { 'charts/web/values-prod.yaml': { link: '/etc/passwd' } }),
      ).toMatchObject(link);
      expect(await withValues('../../env/prod.yaml', { env: { link: '/etc' } })).toMatchObject(link);
    });

    it('that do not exist are refused with the nearest name, and never fetched', async () => {
      expect(await withValues('../../env/prd.yaml', { 'env/prod.yaml': '' })).toMatchObject({
        error: { code: 'sources/path-missing', fix: 'did you mean env/prod.yaml?' },
      });
      expect(await withValues(`https://other.test:${other.port}/values.yaml`)).toMatchObject({
        error: { code: 'sources/path-missing' },
      });
      expect(other.requests).toEqual([]);
    });

    it('do not make a chart with a link in it readable', async () =>
      expect(
        await render({ ...chart, 'charts/web/files/secret': { link: '/etc/passwd' } }, { path: 'charts/web' }),
      ).toMatchObject({ error: { code: 'sources/file-refused' } }));
  });
});
