import { parseGitUrl, urlForGit } from './git-url.ts';
import { parseRevision } from './git-revision.ts';
import { resolvePath } from './repository-path.ts';

describe('the URL of a repository', () => {
  it.each([
    ['https://git.example.com/team/app.git', 'https://git.example.com/team/app.git', 'git.example.com', 443],
    ['https://Git.Example.com:8443/app', 'https://git.example.com:8443/app', 'git.example.com:8443', 8443],
    ['https://git.example.com.:443/app', 'https://git.example.com/app', 'git.example.com', 443],
    ['https://[2001:DB8::1]/app', 'https://[2001:db8::1]/app', '[2001:db8::1]', 443],
    ['ssh://git@Git.example.com/team/app.git', 'ssh://git@git.example.com/team/app.git', 'git.example.com', 22],
    ['ssh://git.example.com:2222/~ada/app', 'ssh://git@git.example.com:2222/~ada/app', 'git.example.com:2222', 2222],
  ])('is read by its parts: %s', (text, url, authority, port) => {
    const remote = parseGitUrl(text);
    if (!remote.ok) throw new Error(remote.error.detail);
    expect([urlForGit(remote.value), remote.value.authority, remote.value.port]).toEqual([url, authority, port]);
  });

  it('gets the user of the credential if it has none', () => {
    const remote = parseGitUrl('ssh://git.example.com/app');
    if (!remote.ok) throw new Error(remote.error.detail);
    expect(urlForGit(remote.value, 'deploy')).toBe('ssh://deploy@git.example.com/app');
  });

  it('in the form of scp is answered with the form to use', () =>
    expect(parseGitUrl('git@git.example.com:team/app.git')).toMatchObject({
      ok: false,
      error: { code: 'sources/url-invalid', fix: 'write git@HOST:PATH as ssh://git@HOST/PATH' },
    }));
});

describe('D1: options in a source of git', () => {
  it.each([
    '--upload-pack=touch x',
    '-oProxyCommand=touch x',
    ' --upload-pack=x',
    'ssh://-oProxyCommand=touch@git.example.com/x',
    'ssh://-oProxyCommand=x/app',
    'ssh://git@-oProxyCommand/app',
    'https://-x.example.com/app',
    'https://git.example.com/a\n--upload-pack=x',
    'https://git.example.com/a b',
    'https://git.example.com\\@10.0.0.1/app',
  ])('are refused in the URL: %j', (url) =>
    expect(parseGitUrl(url)).toMatchObject({ ok: false, error: { code: 'sources/url-invalid', kind: 'invalid' } }),
  );

  it.each([
    '--help',
    '-h',
    '',
    'a b',
    'main\n--upload-pack=x',
    'refs/heads/-x',
    'feature/-x',
    'refs/pull/1/head',
    'refs/heads/',
    'HEAD~1',
    'main:path',
    'a..b',
    'main@{1}',
    '^main',
    'main^{tree}',
    'ma*n',
    'x.lock',
    '.x',
    '/main',
  ])('are refused in the revision, as are refs other than branches and tags: %j', (revision) =>
    expect(parseRevision(revision)).toMatchObject({ ok: false, error: { code: 'sources/revision-invalid' } }),
  );

  it('are refused with a revision that is too long', () =>
    expect(parseRevision('x'.repeat(251))).toMatchObject({ ok: false, error: { code: 'sources/revision-invalid' } }));

  it.each([
    [undefined, { type: 'default' }],
    ['HEAD', { type: 'default' }],
    ['A'.repeat(40), { type: 'commit', id: 'a'.repeat(40) }],
    ['0'.repeat(64), { type: 'commit', id: '0'.repeat(64) }],
    [
      'v1.2.3+build',
      { type: 'refs', name: 'v1.2.3+build', refs: ['refs/heads/v1.2.3+build', 'refs/tags/v1.2.3+build'] },
    ],
    [
      'feature/über',
      { type: 'refs', name: 'feature/über', refs: ['refs/heads/feature/über', 'refs/tags/feature/über'] },
    ],
    ['refs/tags/v1', { type: 'refs', name: 'refs/tags/v1', refs: ['refs/tags/v1'] }],
  ])('are not names of branches and tags: %j', (revision, value) =>
    expect(parseRevision(revision)).toEqual({ ok: true, value }),
  );
});

describe('D2: transports of git other than https and ssh', () => {
  it.each([
    'ext::sh -c touch% x',
    'ext::sh',
    'EXT::sh',
    'fd::17',
    'file:///etc',
    'File:///etc',
    '/etc/passwd',
    '../other',
    'git://git.example.com/app',
    'http://git.example.com/app',
    'ftp://git.example.com/app',
    'https:git.example.com/app',
    'https::https://git.example.com/app',
    'ssh+git://git.example.com/app',
    '-c PROTOCOL.ALLOW=always',
  ])('are refused: %s', (url) =>
    expect(parseGitUrl(url)).toMatchObject({ ok: false, error: { code: 'sources/url-invalid', kind: 'invalid' } }),
  );
});

describe('D5: a credential in the URL of a repository', () => {
  it.each(['https://ada:s3cret@git.example.com/app', 'https://s3cret@git.example.com/app', 'ssh://git:s3cret@x/app'])(
    'is refused, and the error does not repeat it: %s',
    (url) => {
      const refused = parseGitUrl(url);
      expect(refused).toMatchObject({ ok: false, error: { code: 'sources/url-invalid' } });
      expect(JSON.stringify(refused)).not.toContain('s3cret');
    },
  );
});

describe('a path in a repository', () => {
  it.each([
    ['', 'deploy/./base//x/', 'deploy/base/x'],
    ['deploy/app', '../values.yaml', 'deploy/values.yaml'],
    ['deploy', '..', ''],
    ['', '.', ''],
    ['deploy', '../../etc/passwd', undefined],
    ['', '..', undefined],
    ['', '/etc/passwd', undefined],
    ['', 'a\\b', undefined],
    ['', 'a\u0000b', undefined],
  ])('is resolved within it: %j and %j', (folder, path, resolved) => expect(resolvePath(folder, path)).toBe(resolved));
});
