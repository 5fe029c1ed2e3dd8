import { withPresentNames } from './older-commands.ts';

describe('older names of commands', () => {
  it.each([
    ['apikey list', 'key list'],
    ['infra k8s get eu-prod', 'clusters get eu-prod'],
    ['provider clusters list -p aws', 'clusters list -p aws'],
    ['providers list', 'clusters list'],
    ['help apikey', 'help key'],
    ['--org acme apikey list', '--org acme key list'],
    ['--org=acme --api-url http://x -o json -q infra k8s', '--org=acme --api-url http://x -o json -q clusters'],
    ['-ojson apikey list', '-ojson key list'],
    ['--org apikey list', '--org apikey list'],
    ['-- apikey', '-- apikey'],
    ['--org', '--org'],
    ['infra', 'infra'],
    ['app get apikey', 'app get apikey'],
  ])('%s is %s', (older, present) => expect(withPresentNames(older.split(' '))).toEqual(present.split(' ')));
});
