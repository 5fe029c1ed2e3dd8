import { readApplication, spellingWarnings } from './read-manifest.ts';

const app = (source: object) => ({ name: 'web', source });
const errorsOf = (source: object) => {
  const read = readApplication(app(source));
  return read.ok ? [] : read.error.map(({ pointer, message }) => `${pointer} ${message}`);
};
const GIT = 'https://git.acme.dev/shop/deploy.git';

describe('sources outside of the platform', () => {
  it.each([
    [
      'a chart of a repository',
      { type: 'helm', helm: { repo: { repoURL: 'https://charts.acme.dev', chartName: 'a' } } },
    ],
    [
      'a chart of a registry with values',
      {
        type: 'helm',
        helm: {
          repo: { repoURL: 'oci://registry.acme.dev:5000/charts', chartName: 'team/a', chartVersion: '>=1.0.0 <2.0.0' },
          values: { type: 'object', object: { replicaCount: 2 } },
          releaseName: 'a',
        },
      },
    ],
    [
      'a folder of a repository with files of values',
      {
        type: 'repository',
        repository: {
          repo: {
            repoURL: 'ssh://git@git.acme.dev:2222/shop/deploy.git',
            path: './charts/web/',
            targetRevision: 'v1.0',
          },
          values: { type: 'files', files: ['../values-production.yaml'] },
        },
      },
    ],
    ['plain manifests', { type: 'yaml', yaml: { repo: { repoURL: GIT, path: 'manifests' }, exclude: '*-test.yaml' } }],
    ['inline manifests', { type: 'yaml', yaml: { manifests: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}' } }],
  ])('can be %s', (_what, source) => expect(errorsOf(source)).toEqual([]));

  it.each([
    ['http://git.acme.dev/a.git', /must be an address with https:\/\/ or ssh:\/\//],
    ['file:///etc', /must be an address with/],
    ['ext::sh -c id', /must not contain spaces/],
    ['git@git.acme.dev:shop/deploy.git', /such as ssh:\/\/git@git\.acme\.dev\/shop\/deploy\.git/],
    ['https://ada:hunter2@git.acme.dev/a.git', /must not contain a user or password; store them with/],
    ['https://token@git.acme.dev/a.git', /must not contain a user or password/],
    ['https://git.acme.dev/a.git?token=x', /must not contain \? or #/],
    ['--upload-pack=id', /must be an address with/],
  ])('D1: have an address without a password, over an allowed scheme: %s', (repoURL, message) => {
    const [error, ...more] = errorsOf({ type: 'repository', repository: { repo: { repoURL } } });
    expect(error).toMatch(message);
    expect(error).not.toContain('hunter2');
    expect(more).toEqual([]);
  });

  it.each([
    ['path', '../other'],
    ['path', '/etc'],
    ['path', 'a/../../b'],
    ['targetRevision', '--upload-pack=id'],
    ['targetRevision', 'main..other'],
    ['targetRevision', 'refs/heads/a:b'],
  ])('D1: stay inside of the repository, and name a revision: %s %s', (field, value) => {
    const repo = { repoURL: GIT, [field]: value };
    expect(errorsOf({ type: 'yaml', yaml: { repo } })).toEqual([
      expect.stringContaining(`/source/yaml/repo/${field} must`),
    ]);
  });

  it.each([
    ['neither manifests nor repo', {}, '/source/yaml must have either manifests or repo'],
    ['both', { manifests: 'a: 1', repo: { repoURL: GIT } }, '/source/yaml must have either manifests or repo'],
    ['exclude for inline manifests', { manifests: 'a: 1', exclude: 'b' }, '/source/yaml/exclude needs repo'],
    ['path without an address', { path: 'a' }, '/source/yaml/path belongs in repo: repo.path'],
  ])('are refused with %s', (_what, yaml, error) => expect(errorsOf({ type: 'yaml', yaml })[0]).toContain(error));

  it('are refused with values of another type than is given', () => {
    const helm = { repo: { repoURL: 'https://charts.acme.dev', chartName: 'a' } };
    expect(errorsOf({ type: 'helm', helm: { ...helm, values: { type: 'files', files: ['a.yaml'] } } })).toEqual([
      expect.stringContaining('files is only possible for a chart in a repository'),
    ]);
    expect(errorsOf({ type: 'helm', helm: { ...helm, values: { type: 'object', files: ['a'] } } })).toEqual([
      '/source/helm/values have type object, so object is required',
      '/source/helm/values/files cannot be combined with type object',
    ]);
  });

  it('accept older spellings with a warning, as the present ones', () => {
    const older = app({
      type: 'yaml',
      yaml: { repoURL: GIT, path: 'manifests', targetBranch: 'main', exclude: 'x.yaml' },
    });
    expect(spellingWarnings('Application', older)).toEqual([
      'source.yaml.repoURL is an older spelling; write repoURL, path, targetBranch below source.yaml.repo',
    ]);
    expect(readApplication(older)).toMatchObject({
      ok: true,
      value: {
        source: {
          yaml: { repo: { repoURL: GIT, path: 'manifests', targetRevision: 'main' }, exclude: 'x.yaml' },
        },
      },
    });
    const branch = app({ type: 'repository', repository: { repo: { repoURL: GIT, targetBranch: 'main' } } });
    const enveloped = { apiVersion: 'platform.astropulse.io/v1', kind: 'Application', spec: branch };
    expect(spellingWarnings('Application', enveloped)).toEqual([
      'source.repository.repo.targetBranch is an older spelling; write targetRevision',
    ]);
    expect(readApplication(enveloped)).toMatchObject({
      ok: true,
      value: { source: { repository: { repo: { targetRevision: 'main' } } } },
    });
    expect(spellingWarnings('Application', app({ type: 'yaml', yaml: { repo: { repoURL: GIT } } }))).toEqual([]);
  });

  it('accept older spellings of external access with a warning', () => {
    const access = (externalAccess: object) => ({
      ...app({ type: 'image', image: { repository: 'w', tag: '1' } }),
      externalAccess,
    });
    const valueOf = (document: unknown) => {
      const read = readApplication(document);
      return read.ok ? read.value.externalAccess : read.error;
    };
    const domain = access({ accessType: 'Ingress', dnsName: 'apps.acme.dev' });
    expect(valueOf(domain)).toEqual({ domain: 'apps.acme.dev' });
    expect(spellingWarnings('Application', domain)).toEqual([
      'externalAccess.accessType Ingress is an older spelling; leave it out',
      'externalAccess.dnsName is an older spelling; write domain',
    ]);
    const hostname = access({ dnsEndpoint: 'www.acme.dev' });
    expect(valueOf(hostname)).toEqual({ hostname: 'www.acme.dev' });
    expect(spellingWarnings('Application', hostname)).toEqual([
      'externalAccess.dnsEndpoint is an older spelling; write hostname',
    ]);
    const none = access({ accessType: 'None', dnsName: 'apps.acme.dev' });
    expect(valueOf(none)).toBeUndefined();
    expect(spellingWarnings('Application', none)).toEqual([
      'externalAccess.accessType None is an older spelling; leave out externalAccess',
    ]);
    expect(valueOf(access({ dnsName: 'a.acme.dev', domain: 'b.acme.dev' }))).toMatchObject([
      { pointer: '/externalAccess/dnsName', unknownField: {} },
    ]);
    expect(valueOf(access({ accessType: 'LoadBalancer' }))).toMatchObject([
      { pointer: '/externalAccess/accessType', unknownField: {} },
    ]);
  });

  it('refuse both spellings together', () => {
    const repo = { repoURL: GIT, targetRevision: 'main', targetBranch: 'main' };
    expect(errorsOf({ type: 'yaml', yaml: { repo } })).toEqual([
      '/source/yaml/repo/targetBranch is the older name of targetRevision; use one',
    ]);
  });
});
