import { nearestName } from './nearest-name.ts';

const COMMANDS = ['apply', 'status', 'events', 'logs', 'history', 'rollback', 'delete'];

describe('the nearest name', () => {
  it.each([
    ['aply', 'apply'],
    ['satus', 'status'],
    ['event', 'events'],
    ['rolback', 'rollback'],
    ['ROLLBACK', 'rollback'],
    ['lgos', 'logs'],
    ['delete', 'delete'],
  ])('to %s is %s', (typed, name) => {
    expect(nearestName(typed, COMMANDS)).toBe(name);
  });

  it.each(['kubernetes', 'xyz', ''])('to %j does not exist when more than a third of the letters differ', (typed) => {
    expect(nearestName(typed, COMMANDS)).toBeUndefined();
  });

  it('allows two differences in a short name, and a third of the letters in a long one', () => {
    expect(nearestName('ab', ['cd'])).toBe('cd');
    expect(nearestName('abc', ['xyz'])).toBeUndefined();
    expect(nearestName('abcdefghijkl', ['abcdefghWXYZ'])).toBe('abcdefghWXYZ');
    expect(nearestName('abcdefghijkl', ['abcdefgVWXYZ'])).toBeUndefined();
  });

  it('counts an added, a missing, and a replaced letter as one difference', () => {
    expect(nearestName('profile', ['profiles'])).toBe('profiles');
    expect(nearestName('profile', ['profle'])).toBe('profle');
    expect(nearestName('profile', ['profyle'])).toBe('profyle');
  });

  it('is the closest one, and the first of equally close ones', () => {
    expect(nearestName('cluster', ['clusterxy', 'clusters', 'cluster-'])).toBe('clusters');
  });

  it('does not exist in an empty list', () => {
    expect(nearestName('apply', [])).toBeUndefined();
  });
});
