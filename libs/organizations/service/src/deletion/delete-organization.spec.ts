import type { Actor } from '#kernel';
import { specify } from '#testing';
import { organizationDecider } from '../organization.decider.ts';
import type { OrganizationEvent } from '../organization.events.ts';

const created: OrganizationEvent = {
  type: 'organization.created.v1',
  data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false },
};
const requested: OrganizationEvent = {
  type: 'organization.deletion-requested.v1',
  data: { name: 'Acme', slug: 'acme' },
};
const deleted: OrganizationEvent = { type: 'organization.deleted.v1', data: {} };
const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const request = (applications = 0, clusters = 0, more: { cascade?: boolean; orphan?: boolean } = {}) =>
  ({ type: 'request-deletion', applications, clusters, cascade: false, orphan: false, nowMs: 0, ...more }) as const;
const { given } = specify(organizationDecider);

describe('the deletion of an organization', () => {
  it('is requested once, and completed once', () => {
    given(created).when(request(), ada).thenRecorded(requested);
    given(created, requested).when(request(), ada).thenNothingRecorded();
    given(created, requested).when({ type: 'complete-deletion' }, ada).thenRecorded(deleted);
    given(created, requested, deleted).when({ type: 'complete-deletion' }, ada).thenNothingRecorded();
    for (const history of [[], [created]])
      given(...history)
        .when({ type: 'complete-deletion' }, ada)
        .thenRejected({ code: 'organization/not-found' });
    for (const history of [[], [requested], [created, requested, deleted]])
      given(...history)
        .when(request(), ada)
        .thenRejected({ code: 'organization/not-found' });
  });
  it('is rejected while there are applications or registered clusters', () => {
    given(created).when(request(2), ada).thenRejected({ code: 'organization/in-use', kind: 'conflict' });
    given(created).when(request(0, 1), ada).thenRejected({ code: 'organization/in-use' });
  });
  it('is requested with everything, and extended while it is in progress', () => {
    const names = { name: 'Acme', slug: 'acme' };
    const [cascade, orphan] = [{ cascade: true }, { cascade: true, orphan: true }];
    const all: OrganizationEvent = { type: 'organization.deletion-requested.v1', data: { ...names, cascade: true } };
    const kept: OrganizationEvent = { ...all, data: { ...names, cascade: true, orphan: true } };
    given(created)
      .when(request(2, 1, cascade), ada)
      .thenRecorded(all);
    given(created, all)
      .when(request(2, 1, cascade), ada)
      .thenNothingRecorded();
    given(created, requested)
      .when(request(1, 0, cascade), ada)
      .thenRecorded(all);
    given(created, all)
      .when(request(1, 0, orphan), ada)
      .thenRecorded(kept);
    given(created, all, kept)
      .when(request(1, 0, cascade), ada)
      .thenNothingRecorded();
    const onlyOrphan: OrganizationEvent = { ...all, data: { ...names, orphan: true } };
    given(created, requested)
      .when(request(1, 0, { orphan: true }), ada)
      .thenRecorded(onlyOrphan);
    for (const more of [orphan, cascade, { orphan: true }, {}])
      given(created, all, onlyOrphan)
        .when(request(1, 0, more), ada)
        .thenNothingRecorded();
    given(created, onlyOrphan, all)
      .when(request(1, 0, orphan), ada)
      .thenNothingRecorded();
    given(created, all)
      .when(request(1, 0, orphan), { ...ada, id: 'grace' })
      .thenRejected({ code: 'organization/may-not-delete' });
  });
  it('needs an owner with a login', () => {
    given(created)
      .when(request(), { ...ada, id: 'grace' })
      .thenRejected({ code: 'organization/may-not-delete' });
    given(created)
      .when(request(), { ...ada, key: { id: 'key_1', role: 'owner' } })
      .thenRejected({ code: 'organization/may-not-delete', kind: 'forbidden' });
  });
});
