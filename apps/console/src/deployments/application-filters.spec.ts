import { choicesOf, matching, selectedIn } from './application-filters.ts';

const application = (status: 'RUNNING' | 'FAILED' | 'DEGRADED', clusterName: string, profileName = 'default') => ({
  status,
  clusterName,
  profileName,
});
const all = [application('RUNNING', 'eu'), application('FAILED', 'eu', 'shop'), application('DEGRADED', 'us')];

describe('filters of applications', () => {
  it('show those that have one of the values of every filter', () => {
    expect(matching(all, { status: 'FAILED,DEGRADED' })).toEqual([all[1], all[2]]);
    expect(matching(all, { status: 'FAILED,DEGRADED', cluster: 'us' })).toEqual([all[2]]);
    expect(matching(all, { profile: 'gone' })).toEqual([]);
  });

  it('show all without a value', () => {
    expect(matching(all, {})).toBe(all);
    expect(matching(all, { status: '' })).toBe(all);
    expect(selectedIn(undefined)).toEqual([]);
  });

  it('offer the values that occur, once and sorted', () => {
    expect(choicesOf(all)).toEqual({
      status: ['DEGRADED', 'FAILED', 'RUNNING'],
      cluster: ['eu', 'us'],
      profile: ['default', 'shop'],
    });
  });
});
