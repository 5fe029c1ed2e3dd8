import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { describeWithHelm } from '../helm/helm.fixture.ts';
import type { GitSource, HostSettings } from '../source.ts';
import {
  createRepository,
  describeWithGit,
  describeWithKubectl,
  gitContext,
  gitSource,
  runGit,
  startGitServer,
  TARGET,
} from './git.fixture.ts';
import type { Files, GitServer } from './git.fixture.ts';
import { renderGit } from './render-git.ts';

const repositories = temporaryFolder();
const temp = temporaryFolder();

describeWithGit('a source in git', () => {
  let server: GitServer;
  let settings: Record<string, HostSettings>;
  let count = 0;

  beforeAll(async () => {
    server = await startGitServer(repositories);
    settings = { [`git.test:${server.port}`]: { certificateAuthority: server.authority } };
  });
  afterAll(async () => {
    await server.close();
    expect(readdirSync(temp)).toEqual([]); // no temporary folder is left
  });

  /** Renders a commit with the given files. */
  async function render(files: Files, source: Partial<GitSource> = {}, format = 'sha1') {
    const name = `app-${count++}.git`;
    const [commit = ''] = createRepository(join(repositories, name), [{ files }], format);
    const url = `https://git.test:${server.port}/${name}`;
    return renderGit(
      gitSource(url, source),
      { type: 'git', commit },
      TARGET,
      gitContext(temp, { ports: [server.port], settings }),
    );
  }

  describe('with plain manifests', () => {
    it('gives the files of the folder only, sorted, with exact names', async () =>
      expect(
        await render(
          {
            'deploy/b.yml': 'b: 1',
            'deploy/a.yaml': '\uFEFFa: 1',
            'deploy/c.json': '{}',
            'deploy/README.md': 'text',
            'deploy/MyChart.yaml': 'd: 1',
            'deploy/below/e.yaml': 'e: 1',
            'f.yaml': 'f: 1',
          },
          { path: './deploy/' },
        ),
      ).toEqual({
        ok: true,
        value: {
          detected: 'manifests',
          files: [
            { name: 'deploy/MyChart.yaml', text: 'd: 1' },
            { name: 'deploy/a.yaml', text: 'a: 1' },
            { name: 'deploy/b.yml', text: 'b: 1' },
            { name: 'deploy/c.json', text: '{}' },
          ],
          warnings: [],
        },
      }));

    it('leaves out what a glob excludes', async () => {
      const files = { 'a.yaml': 'a: 1', 'b.yaml': 'b: 1', 'values-c.yaml': 'c: 1' };
      expect(await render(files, { exclude: '{b,values-*}.yaml' })).toMatchObject({
        value: { files: [{ name: 'a.yaml' }] },
      });
      expect(await render(files, { exclude: '*' })).toMatchObject({ error: { code: 'sources/no-manifests' } });
    });

    it('may be one file, for a source that reads manifests only', async () => {
      const files = { 'deploy/a.yaml': 'a: 1', 'deploy/b.yaml': 'b: 1', 'deploy/notes.txt': '' };
      const path = 'deploy/b.yaml';
      expect(await render(files, { path, accepts: 'manifests' })).toMatchObject({
        value: { detected: 'manifests', files: [{ name: path, text: 'b: 1' }] },
      });
      expect(await render(files, { path })).toMatchObject({
        error: { code: 'sources/path-missing', fix: expect.stringContaining('source.type: yaml') },
      });
      expect(await render(files, { path: 'deploy/notes.txt', accepts: 'manifests' })).toMatchObject({
        error: { code: 'sources/no-manifests' },
      });
    });

    it('are read from a folder with a kustomization or a chart, for a source that reads manifests only', async () =>
      expect(
        await render({ 'Chart.yaml': '', 'kustomization.yaml': '', 'a.yaml': 'a: 1' }, { accepts: 'manifests' }),
      ).toMatchObject({ value: { detected: 'manifests', files: [{}, { name: 'a.yaml' }, {}] } }));

    it('are read at the pinned commit, whatever was pushed since', async () => {
      const [first = ''] = createRepository(join(repositories, 'pushed.git'), [
        { files: { 'a.yaml': 'a: 1' } },
        { files: { 'a.yaml': 'a: 2' } },
      ]);
      const source = gitSource(`https://git.test:${server.port}/pushed.git`);
      const context = gitContext(temp, { ports: [server.port], settings });
      expect(
        await renderGit(source, { type: 'git', commit: first, ref: 'refs/heads/main' }, TARGET, context),
      ).toMatchObject({
        value: { files: [{ text: 'a: 1' }] },
      });
    });

    it('are read from a repository with SHA-256', async () =>
      expect(await render({ 'a.yaml': 'a: 1' }, {}, 'sha256')).toMatchObject({ value: { files: [{ text: 'a: 1' }] } }));

    it('are refused if a file is not UTF-8', async () =>
      expect(await render({ 'a.yaml': Buffer.from([0x61, 0xff]) })).toMatchObject({
        error: { code: 'sources/file-refused', detail: 'a.yaml is not a text in UTF-8.' },
      }));

    it('are suggested by folder if the folder has none', async () =>
      expect(await render({ 'base/a.yaml': '', 'prod/a.yaml': '', 'README.md': '' })).toMatchObject({
        error: {
          code: 'sources/no-manifests',
          detail: 'The root of the repository has no files that end in .yaml, .yml or .json.',
          fix: 'use the path of a folder with manifests, such as base, prod',
        },
      }));
  });

  describeWithKubectl('with a kustomization', () => {
    it('is rendered with what it refers to anywhere in the repository', async () =>
      expect(
        await render(
          {
            'base/kustomization.yaml': 'resources: [a.yaml]',
            'base/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n',
            'over/kustomization.yaml': 'resources: [../base]\nnamePrefix: prod-',
          },
          { path: 'over', values: { type: 'object', object: {} } },
        ),
      ).toEqual({
        ok: true,
        value: {
          detected: 'kustomization',
          files: [
            {
              name: 'over/kustomization.yaml',
              text: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: prod-a\n',
            },
          ],
          warnings: ['The values are not used, because the path is not a chart.'],
        },
      }));
  });

  describeWithHelm('with a chart', () => {
    const template = [
      'apiVersion: v1',
      'kind: ConfigMap',
      'metadata: {name: "{{ .Release.Name }}", namespace: "{{ .Release.Namespace }}"}',
      'data: {a: "{{ .Values.a }}", b: "{{ .Values.b }}", c: "{{ .Values.c }}", file: "{{ .Files.Get "notes/x.txt" }}"}',
    ].join('\n');
    const chart: Files = {
      'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
      'charts/web/values.yaml': 'a: 1\nb: 1\nc: 1\n',
      'charts/web/templates/map.yaml': template,
      'charts/web/notes/x.txt': 'note',
      'charts/web/values-prod.yaml': 'b: 2\nc: 2\n',
      'env/prod.yaml': 'c: 3\n',
    };
    const data = (a: number, b: number, c: number) => `data: {a: "${a}", b: "${b}", c: "${c}", file: "note"}`;

    it('is rendered for the release and the namespace, with values files of which later ones win', async () => {
      const files = ['values-prod.yaml', '../../env/prod.yaml'];
      const rendered = await render(chart, {
        path: 'charts/web',
        values: { type: 'files', files },
        releaseName: 'shop',
      });
      expect(rendered).toMatchObject({
        value: {
          detected: 'chart',
          files: [{ name: 'charts/web/Chart.yaml', text: expect.stringContaining(data(1, 2, 3)) }],
        },
      });
      expect(JSON.stringify(rendered)).toContain('metadata: {name: \\"shop\\", namespace: \\"acme-web\\"}');
    });

    it('is rendered with a dependency in another folder of the repository, but not with one outside of it', async () => {
      const withDependency = (repository: string): Files => ({
        ...chart,
        'charts/web/Chart.yaml': [
          'apiVersion: v2',
          'name: web',
          'version: 1.0.0',
          `dependencies: [{name: common, version: 1.0.0, repository: "${repository}"}]`,
        ].join('\n'),
        'libs/common/Chart.yaml': 'apiVersion: v2\nname: common\nversion: 1.0.0\n',
        'libs/common/templates/map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-common}\n',
        'libs/linked/Chart.yaml': { link: '../../../../etc/passwd' },
      });
      const source = { path: 'charts/web' };
      expect(await render(withDependency('file://../../libs/common'), source)).toMatchObject({
        value: { files: [{ text: expect.stringContaining('name: from-common') }] },
      });
      expect(await render(withDependency('file://../../libs/linked'), source)).toMatchObject({
        error: { code: 'sources/file-refused', detail: expect.stringContaining('symbolic link') },
      });
      expect(await render(withDependency('file://../../../libs/common'), source)).toMatchObject({
        error: { code: 'sources/chart-dependency' },
      });
    });

    it('is rendered with values of the manifest, or with its own', async () => {
      const object = { b: 5 };
      expect(await render(chart, { path: 'charts/web', values: { type: 'object', object } })).toMatchObject({
        value: { files: [{ text: expect.stringContaining(data(1, 5, 1)) }] },
      });
      expect(await render(chart, { path: 'charts/web' })).toMatchObject({
        value: { files: [{ text: expect.stringContaining(data(1, 1, 1)) }] },
      });
    });
  });

  it('with a chart and a kustomization in one folder is refused', async () =>
    expect(await render({ 'Chart.yaml': 'name: x', kustomization: '', Kustomization: '' })).toMatchObject({
      error: { code: 'sources/source-ambiguous', fix: expect.stringContaining('remove one') },
    }));

  it.each([
    [
      'deploy/prd',
      'The repository has no deploy/prd. deploy has deploy/base, deploy/prod.',
      'did you mean deploy/prod?',
    ],
    [
      'depoly/prod',
      'The repository has no depoly/prod. The root of the repository has deploy.',
      'did you mean deploy?',
    ],
    ['deploy/base/a.yaml/x', expect.stringContaining('deploy/base has deploy/base/a.yaml.'), expect.any(String)],
  ])('with a path that does not exist names the nearest folders: %s', async (path, detail, fix) =>
    expect(await render({ 'deploy/base/a.yaml': '', 'deploy/prod/a.yaml': '' }, { path })).toMatchObject({
      error: { code: 'sources/path-missing', detail, fix },
    }),
  );

  it('with a commit that the repository does not have, or with the ID of a tag, is refused', async () => {
    const [commit = ''] = createRepository(join(repositories, 'gone.git'), [{ files: { 'a.yaml': '' }, tag: 'v1' }]);
    const source = gitSource(`https://git.test:${server.port}/gone.git`);
    const context = gitContext(temp, { ports: [server.port], settings });
    const at = (id: string) => renderGit(source, { type: 'git', commit: id }, TARGET, context);
    expect(await at('0123456789'.repeat(4))).toMatchObject({
      error: { code: 'sources/source-gone', kind: 'conflict' },
    });
    expect(await at(commit.slice(0, 8))).toMatchObject({ error: { code: 'sources/revision-invalid' } });
    const tag = runGit(join(repositories, 'gone.git'), ['rev-parse', 'refs/tags/v1']);
    expect(await at(tag)).toMatchObject({
      error: { code: 'sources/revision-unknown', detail: `${tag} is not the ID of a commit.` },
    });
    expect(await at(commit)).toMatchObject({ ok: true });
  });
});
