import { withPresentNames } from './older-commands.ts';

describe('older names of commands', () => {
  it.each([
    ['apikey list', 'key list'],
    ['infra k8s get eu-prod', 'clusters get eu-prod'],
    ['provider clusters list -p aws', 'clusters list -p aws'],
    ['providers list', 'clusters list'],
    ['infra', 'infra'],
    ['app get apikey', 'app get apikey'],
  ])('%s is %s', (older, present) => expect(withPresentNames(older.split(' '))).toEqual(present.split(' ')));
});
