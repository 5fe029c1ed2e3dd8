import { distanceOf, nearest } from './suggestions.ts';

const PATHS = [
  'app',
  'app apply',
  'app get',
  'app status',
  'app profile',
  'app profile apply',
  'app profile get',
  'auth',
  'auth login',
  'clusters',
  'clusters list',
  'org',
  'org list',
  'org members',
  'whoami',
];
const of = (word: string, ...at: string[]) => nearest(word, at, PATHS);

describe('use-C8: suggestions for a mistyped command', () => {
  it.each([
    ['stauts', ['app'], ['app status']],
    ['gte', ['app'], ['app get']],
    ['aplly', ['app'], ['app apply']],
    ['whoam', [], ['whoami']],
    ['cluster', [], ['clusters']],
    ['list', ['app'], ['app get']],
    ['create', ['app', 'profile'], ['app profile apply']],
    ['login', [], ['auth login']],
    ['apply', [], ['app apply', 'app profile apply']],
    ['members', ['app'], ['org members']],
  ])('for %s after %j are %j', (word, at, found) => expect(of(word, ...at)).toEqual(found));

  it.each([
    ['deploy', []],
    ['push', ['app']],
    ['tests', []],
    ['x', []],
    ['war', ['org']],
  ])('are empty for %s after %j', (word, at) => expect(of(word, ...at)).toEqual([]));

  it('count swapped neighbors as one difference', () => {
    expect([distanceOf('stauts', 'status'), distanceOf('get', 'set'), distanceOf('', 'abc')]).toEqual([1, 1, 3]);
  });
});
