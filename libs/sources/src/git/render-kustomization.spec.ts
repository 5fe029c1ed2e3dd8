import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ok } from '#kernel';
import { parseManifests } from '#kubernetes/yaml';
import { temporaryFolder } from '#testing';
import { describeWithKubectl, gitContext, type Files } from './git.fixture.ts';
import { DEFAULT_GIT_LIMITS } from './git-limits.ts';
import { createTree, type GitTree, type TreeEntry } from './git-tree.ts';
import { checkKustomization } from './kustomization.ts';
import { renderKustomization } from './render-kustomization.ts';

const temp = temporaryFolder();

const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;

/** Returns a tree of files in memory. */
function treeOf(files: Files): GitTree {
  const entries = Object.entries(files).map(([path, content]): TreeEntry => {
    if (typeof content === 'object' && 'link' in content) return { path, kind: 'link', id: '' };
    if (typeof content === 'object' && 'submodule' in content) return { path, kind: 'submodule', id: '' };
    return { path, kind: 'file', id: path, bytes: content.length };
  });
  return createTree(entries, DEFAULT_GIT_LIMITS, async (wanted) =>
    ok(wanted.map(({ path }) => Buffer.from(String(files[path])))),
  );
}

describeWithKubectl('a kustomization in git', () => {
  let internal: Server;
  let internalUrl: string;
  const internalRequests: string[] = [];

  beforeAll(async () => {
    internal = createServer(({ url = '' }, response) => {
      internalRequests.push(url);
      response.end(configMap('fetched'));
    });
    await new Promise<void>((resolve) => internal.listen(0, '127.0.0.1', resolve));
    internalUrl = `http://127.0.0.1:${(internal.address() as AddressInfo).port}`; // the address of a TCP server
  });
  afterAll(async () => {
    await new Promise((resolve) => internal.close(resolve));
    expect(readdirSync(temp)).toEqual([]); // no temporary folder is left
  });
  afterEach(() => expect(internalRequests).toEqual([]));

  const render = (files: Files, folder = '') =>
    renderKustomization(treeOf(files), folder, gitContext(temp, { ports: [] }));

  /** Returns the objects that a kustomization gives. */
  async function objects(files: Files, folder: string): Promise<readonly unknown[]> {
    const rendered = await render(files, folder);
    if (!rendered.ok) throw new Error(rendered.error.detail);
    expect(rendered.value.detected).toBe('kustomization');
    return rendered.value.files.flatMap(({ text }) => {
      const parsed = parseManifests(text);
      if (!parsed.ok) throw new Error(parsed.error[0]?.message);
      return parsed.value.documents.map(({ value }) => value);
    });
  }

  it('is rendered with its bases, components, patches, generators, replacements, and built-in transformers', async () => {
    const rendered = await objects(
      {
        'base/kustomization.yml': 'resources:\n- web.yaml\n- ./more\n',
        'base/web.yaml': configMap('web'),
        'base/more/Kustomization': 'resources: [more.yaml]',
        'base/more/more.yaml': configMap('more'),
        'parts/labels/kustomization.yaml':
          'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {part: labels}}]\n',
        'over/prod/kustomization.yaml': [
          'resources: [../../base]',
          'components: [../../parts/labels]',
          'namePrefix: prod-',
          'patches:',
          '- path: patches/web.yaml',
          '- target: {kind: ConfigMap, name: more}',
          '  patch: |-',
          '    [{"op": "add", "path": "/data", "value": {"patched": "inline"}}]',
          'configMapGenerator:',
          '- name: settings',
          '  files: [files/app.conf, other=files/app.conf]',
          '  envs: [.env]',
          '  literals: [a=b]',
          'generatorOptions: {disableNameSuffixHash: true}',
          'replacements: [{path: replacement.yaml}]',
          'transformers:',
          '- annotate.yaml',
          '- |-',
          '  apiVersion: builtin',
          '  kind: SuffixTransformer',
          '  metadata: {name: suffix}',
          '  suffix: -x',
          '  fieldSpecs: [{path: metadata/name, kind: ConfigMap}]',
        ].join('\n'),
        'over/prod/patches/web.yaml': `${configMap('web')}data: {patched: file}\n`,
        'over/prod/files/app.conf': 'conf',
        'over/prod/.env': 'KEY=value',
        'over/prod/replacement.yaml':
          'source: {kind: ConfigMap, name: web, fieldPath: data.patched}\ntargets: [{select: {name: more}, fieldPaths: [data.patched]}]',
        'over/prod/annotate.yaml':
          'apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: a}\nannotations: {team: web}\nfieldSpecs: [{path: metadata/annotations, create: true}]',
        unrelated: { link: '/etc' },
      },
      'over/prod',
    );
    const metadata = (name: string) => ({ name, labels: { part: 'labels' }, annotations: { team: 'web' } });
    expect(rendered).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ metadata: metadata('prod-web-x'), data: { patched: 'file' } }),
        expect.objectContaining({ metadata: metadata('prod-more-x'), data: { patched: 'file' } }),
        expect.objectContaining({
          metadata: metadata('prod-settings-x'),
          data: { 'app.conf': 'conf', other: 'conf', KEY: 'value', a: 'b' },
        }),
      ]),
    );
    expect(rendered).toHaveLength(3);
  });

  it('that kustomize refuses is refused with its message, without folders of the platform', async () => {
    const rendered = await render({
      'kustomization.yaml': 'resources: [a.yaml]\nnamePrefix: [x]',
      'a.yaml': configMap('a'),
    });
    expect(rendered).toMatchObject({
      error: { code: 'sources/render-refused', detail: expect.stringMatching(/^kustomize: /) },
    });
    expect(JSON.stringify(rendered)).not.toContain(temp);
  });

  it('with two names in one folder is refused', async () =>
    expect(await render({ 'kustomization.yaml': '', 'kustomization.yml': '' })).toMatchObject({
      error: { code: 'sources/render-refused', detail: expect.stringContaining('are both present') },
    }));

  it('ends with kustomizations that refer to each other', async () =>
    expect(
      await render({ 'a/kustomization.yaml': 'resources: [../b]', 'b/kustomization.yaml': 'resources: [../a]' }, 'a'),
    ).toMatchObject({ error: { code: 'sources/render-refused', detail: expect.stringContaining('cycle') } }));

  it('is unavailable without kubectl', async () =>
    expect(
      await renderKustomization(
        treeOf({ 'kustomization.yaml': '' }),
        '',
        gitContext(temp, { ports: [], programs: {} }),
      ),
    ).toMatchObject({ error: { code: 'sources/program-missing', kind: 'unavailable' } }));

  describe('D9: a kustomization that refers to something else than files of its repository', () => {
    const lists = [
      'resources',
      'bases',
      'components',
      'crds',
      'configurations',
      'patchesStrategicMerge',
      'transformers',
    ];
    const forms: readonly (readonly [string, (path: string) => string])[] = [
      ...lists.map((field) => [field, (path: string) => JSON.stringify({ [field]: [path] })] as const),
      ['patches.path', (path) => JSON.stringify({ patches: [{ path }] })],
      [
        'patchesJson6902.path',
        (path) => JSON.stringify({ patchesJson6902: [{ target: { kind: 'ConfigMap', name: 'a' }, path }] }),
      ],
      ['replacements.path', (path) => JSON.stringify({ replacements: [{ path }] })],
      ['openapi.path', (path) => JSON.stringify({ openapi: { path } })],
      [
        'configMapGenerator.files',
        (path) => JSON.stringify({ configMapGenerator: [{ name: 'a', files: [`key=${path}`] }] }),
      ],
      ['configMapGenerator.envs', (path) => JSON.stringify({ configMapGenerator: [{ name: 'a', envs: [path] }] })],
      ['secretGenerator.env', (path) => JSON.stringify({ secretGenerator: [{ name: 'a', env: path }] })],
    ];
    const references = [
      'http://127.0.0.1:1/x.yaml',
      'HTTPS://example.com//base?ref=main',
      'https:example.com/x',
      'git::https://example.com/x',
      'git@github.com:team/app.git',
      'github.com/team/app//base?ref=main',
      'ssh://git@example.com/x',
      'file:///etc/passwd',
      '/etc/passwd',
      '../../../etc/passwd',
      '',
      'absent',
    ];

    it.each(forms)('is refused in %s, without a request', async (_, kustomization) => {
      for (const path of [...references, `${internalUrl}/x.yaml`]) {
        const checked = checkKustomization(kustomization(path), 'app');
        // What has the form of a path must exist in the repository, which is found out when it is read.
        if (checked.ok)
          expect([
            'https:example.com/x',
            'git@github.com:team/app.git',
            'github.com/team/app//base?ref=main',
            'absent',
          ]).toContain(path);
        else expect(checked).toMatchObject({ error: { code: 'sources/render-refused', kind: 'invalid' } });
      }
      for (const path of ['github.com/team/app//base?ref=main', `${internalUrl}/x.yaml`])
        expect(await render({ 'kustomization.yaml': kustomization(path) })).toMatchObject({
          error: { code: 'sources/render-refused' },
        });
    });

    it.each(forms)('is not fetched if a file of the repository has the name of a URL: %s', async (_, kustomization) => {
      const url = internalUrl.replace('//', '/');
      const files = { [`${url}/x.yaml`]: configMap('local') };
      for (const path of [`${url}/x.yaml`, `./${url}/x.yaml`, `${internalUrl}/x.yaml`])
        await render({ ...files, 'kustomization.yaml': kustomization(path) });
    });

    it('is not fetched if a file with the name of a repository cannot be parsed', async () => {
      const files = {
        'github.com/team/app': 'not: [a manifest',
        'kustomization.yaml': 'resources: [github.com/team/app]',
      };
      const rendered = await render(files);
      expect(rendered).toMatchObject({ error: { code: 'sources/render-refused' } });
      expect(JSON.stringify(rendered)).not.toMatch(/git fetch|executable file/);
    });

    it.each([
      ['helmCharts: [{name: x, repo: https://example.com}]', 'uses helmCharts'],
      ['helmChartInflationGenerator: [{chartName: x}]', 'uses helmChartInflationGenerator'],
      ['generators: [plugin.yaml]', 'uses generators'],
      ['validators: [plugin.yaml]', 'uses validators'],
      ['transformers: [plugin.yaml]', 'is not one of the built-in transformers'],
      [
        'transformers: ["apiVersion: builtin\\nkind: LabelTransformer\\nmetadata: {annotations: {config.k8s.io/function: x}}"]',
        'a function',
      ],
      [
        'transformers: ["apiVersion: builtin\\nkind: PatchTransformer\\npath: http://127.0.0.1:1\\n"]',
        'is not one of the',
      ],
      ['transformers: ["apiVersion: builtin\\nkind: HelmChartInflationGenerator\\nname: x\\n"]', 'is not one of the'],
      ['unknown: [x]', 'uses unknown'],
      ['resources: x', 'resources that is not a list'],
      ['patches: [x]', 'an entry of patches that is not an object'],
      ['resources: [1]', 'an entry of resources that is not a path'],
      ['a: 1\n---\nb: 1', 'more than one document'],
      ['- a', 'it is not an object'],
      ['resources: []\nresources: [http://127.0.0.1:1]', 'cannot be read'],
      ['resources: &a [*a]', 'cannot be read'],
    ])('is refused as a plugin or a field that is not known: %j', async (kustomization, detail) => {
      const plugin = [
        'apiVersion: example.com/v1',
        'kind: Evil',
        'metadata:',
        '  name: evil',
        '  annotations:',
        `    config.kubernetes.io/function: 'exec: {path: /usr/bin/touch}'`,
      ].join('\n');
      expect(await render({ 'kustomization.yaml': kustomization, 'plugin.yaml': plugin })).toMatchObject({
        error: { code: 'sources/render-refused', detail: expect.stringContaining(detail) },
      });
    });

    it('is refused where the reference is a link, a submodule, or a file outside of its folder', async () => {
      const base = { 'app/kustomization.yaml': 'resources: [../base]', 'app/a.yaml': configMap('a') };
      const link = { error: { code: 'sources/file-refused' } };
      expect(await render({ ...base, base: { link: '/etc' } }, 'app')).toMatchObject(link);
      expect(await render({ ...base, base: { submodule: '1'.repeat(40) } }, 'app')).toMatchObject(link);
      expect(
        await render({ 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': { link: '/etc/passwd' } }),
      ).toMatchObject(link);
      expect(
        await render(
          { 'app/kustomization.yaml': 'configMapGenerator: [{name: a, files: [../secret.txt]}]', 'secret.txt': 'x' },
          'app',
        ),
      ).toMatchObject({
        error: { code: 'sources/render-refused', detail: expect.stringContaining('not in its folder') },
      });
    });
  });
});
