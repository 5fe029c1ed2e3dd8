import { currentTable, type RightsTable } from '#access';
import { specify } from '#testing';
import { policyDecider } from './policy.decider.ts';

const OLD: RightsTable = {
  'audit.read': { scope: 'organization', roles: ['owner'], globalAdmin: false, audit: true, by: 'key' },
};
const published = (release: string, table: RightsTable) =>
  ({ type: 'platform.policy-published.v1', data: { release, table } }) as const;
const publish = (release: string, table: RightsTable) => ({ type: 'publish', release, table }) as const;
const system = { id: 'system:audit', kind: 'system', isGlobalAdmin: false } as const;

describe('the rules of a release', () => {
  const { given } = specify(policyDecider);

  it('are published at its first start', () =>
    given().when(publish('0.2.0', OLD), system).thenRecorded(published('0.2.0', OLD)));
  it('are not published again, also by another release with the same rules', () => {
    given(published('0.2.0', OLD)).when(publish('0.2.0', OLD), system).thenNothingRecorded();
    given(published('0.2.0', OLD)).when(publish('0.3.0', OLD), system).thenNothingRecorded();
  });
  it('are published when they differ', () =>
    given(published('0.2.0', OLD))
      .when(publish('0.3.0', currentTable()), system)
      .thenRecorded(published('0.3.0', currentTable())));
  it('are not published by an older release while a newer one has published its own', () => {
    for (const newer of ['0.10.0', '1.0.0', '0.9.1'])
      given(published(newer, currentTable())).when(publish('0.9.0', OLD), system).thenNothingRecorded();
  });
  it('are published by a release candidate like by its release', () =>
    given(published('0.9.0', OLD))
      .when(publish('0.9.0-rc.1', currentTable()), system)
      .thenRecorded(published('0.9.0-rc.1', currentTable())));
});
