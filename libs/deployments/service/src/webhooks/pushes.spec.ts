import type { PinnedSource } from '#deployments/contract';
import { reportOf, unrelated, type Report } from './pushes.ts';

const source = (url: string, ref = 'refs/heads/main'): PinnedSource => ({
  type: 'git',
  block: 'repository',
  from: { type: 'git', url, path: '', accepts: 'any', releaseName: 'web' },
  pin: { type: 'git', commit: '9f2c41d0a1b2c3d4e5f60718293a4b5c6d7e8f90', ref },
  labels: {},
});
const GITHUB = {
  ref: 'refs/heads/main',
  repository: { clone_url: 'https://github.com/Acme/deploy.git', ssh_url: 'git@github.com:Acme/deploy.git' },
};
const GITLAB = {
  ref: 'refs/heads/main',
  project: {
    git_http_url: 'https://gitlab.acme.dev/shop/deploy.git',
    git_ssh_url: 'git@gitlab.acme.dev:shop/deploy.git',
  },
};
const reasonFor = (report: Report, of: PinnedSource) => (report.type === 'push' ? unrelated(report, of) : report.type);

describe('a push', () => {
  it.each([
    ['of GitHub, over https', reportOf('github', 'push', GITHUB), 'https://github.com/acme/deploy'],
    ['of GitHub, over ssh', reportOf('github', 'push', GITHUB), 'ssh://git@github.com/acme/deploy.git'],
    ['of GitLab', reportOf('gitlab', 'Push Hook', GITLAB), 'https://gitlab.acme.dev/shop/deploy.git'],
    [
      'of GitLab, with another port',
      reportOf('gitlab', 'Push Hook', GITLAB),
      'ssh://git@gitlab.acme.dev:2222/shop/deploy',
    ],
    [
      'of another sender',
      reportOf('generic', undefined, { repository: 'https://git.acme.dev/a' }),
      'https://git.acme.dev/a',
    ],
    ['of another sender, without a repository', reportOf('generic', undefined, {}), 'https://git.acme.dev/a'],
  ])('concerns a source of the same repository and branch: %s', (_, report, url) => {
    expect(reasonFor(report, source(url))).toBeUndefined();
  });

  it.each([
    ['repository', GITHUB, source('https://github.com/acme/other')],
    ['repository', GITHUB, source('https://git.example.com/acme/deploy')],
    ['branch', { ...GITHUB, ref: 'refs/heads/next' }, source('https://github.com/acme/deploy')],
    ['branch', GITHUB, source('https://github.com/acme/deploy', 'refs/tags/main')],
  ])('does not concern another %s', (what, payload, of) => {
    expect(reasonFor(reportOf('github', 'push', payload), of)).toContain(`another ${what}`);
  });

  it('is told apart from a ping and from other events', () => {
    expect(reportOf('github', 'ping', { zen: 'x' })).toEqual({ type: 'ping' });
    expect(reportOf('github', 'issues', GITHUB)).toEqual({ type: 'other' });
    expect(reportOf('gitlab', 'Issue Hook', GITLAB)).toEqual({ type: 'other' });
    expect(reportOf('generic', undefined, { event: 'ping' })).toEqual({ type: 'ping' });
  });
});
