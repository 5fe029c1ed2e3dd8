import { cpuMs } from '#testing';
import { allowsNamespace, globsAllowing } from './namespace-globs.ts';

describe('the globs of namespaces', () => {
  it.each([
    [['*', '!kube-*'], 'kube-x', false],
    [['*', '!kube-*'], 'web', true],
    [['team-*'], 'team-', true],
    [['team-*-dev'], 'team-a-dev', true],
    [['team-*-dev'], 'team-dev', false],
    [['a*b*c'], 'abbc', true],
    [['a*b*c'], 'a-b-b-c', true],
    [['a*b*c'], 'ac', false],
    [['ab*ba'], 'aba', false],
    [['a'], 'ab', false],
    [['!web'], 'api', false],
    [[], 'web', false],
  ])('%j allow %s: %s', (globs, namespace, allowed) => expect(allowsNamespace(globs, namespace)).toBe(allowed));

  it.each([[['*-prod', '!secret-*', 'secret-prod']], [['secret-prod', '!secret-*']], [['!secret-*', 'secret-prod']]])(
    'exclude with ! in any order: %j',
    (globs) => expect(allowsNamespace(globs, 'secret-prod')).toBe(false),
  );

  it('are matched in time linear in their length', async () =>
    expect(await cpuMs(() => allowsNamespace(['*a'.repeat(40)], 'a'.repeat(60) + 'b'))).toBeLessThan(1_000));

  it.each([
    [['team-*'], ['team-*', 'web']],
    [
      ['*', '!web', '!w*', '!api'],
      ['*', '!api'],
    ],
    [['!web'], ['web']],
  ])('%j allow web as %j', (globs, changed) => {
    expect(globsAllowing(globs, 'web')).toEqual(changed);
    expect(allowsNamespace(changed, 'web')).toBe(true);
  });
});
