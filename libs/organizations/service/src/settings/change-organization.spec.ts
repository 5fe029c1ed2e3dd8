import type { Actor } from '#kernel';
import { specify } from '#testing';
import { organizationDecider } from '../organization.decider.ts';
import type { OrganizationEvent } from '../organization.events.ts';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const grace: Actor = { ...ada, id: 'grace' };
const created: OrganizationEvent = {
  type: 'organization.created.v1',
  data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false },
};
const graceIsAdmin: OrganizationEvent = {
  type: 'organization.member-added.v1',
  data: { memberId: 'grace', kind: 'person', role: 'admin' },
};
const deleting: OrganizationEvent = { type: 'organization.deletion-requested.v1', data: {} };
const renamed = (name: string, slug: string): OrganizationEvent => ({
  type: 'organization.renamed.v1',
  data: { name, slug },
});
const nothing = {
  type: 'change-organization',
  name: 'Acme',
  slug: 'acme',
  from: { name: 'Acme', slug: 'acme' },
  settings: {},
  applications: 0,
  isResumed: false,
  nowMs: 0,
} as const;
const toRockets = { ...nothing, name: 'Rockets', slug: 'rockets' };
const { given } = specify(organizationDecider);

describe('change an organization', () => {
  it('records the new name and slug', () =>
    given(created).when(toRockets, ada).thenRecorded(renamed('Rockets', 'rockets')));

  it('records the settings that differ, in one append with the name', () =>
    given(created)
      .when({ ...toRockets, settings: { viewersReadLogs: false, contact: null, keyExpiry: '30d' } }, ada)
      .thenRecorded(renamed('Rockets', 'rockets'), {
        type: 'organization.settings-set.v1',
        data: { viewersReadLogs: false, keyExpiry: '30d' },
      }));

  it('records nothing when a request is retried', () => {
    given(created, renamed('Rockets', 'rockets')).when(toRockets, ada).thenNothingRecorded();
    given(created, { type: 'organization.settings-set.v1', data: { viewersReadLogs: false } })
      .when({ ...nothing, settings: { viewersReadLogs: false } }, ada)
      .thenNothingRecorded();
  });

  it('restores the default of a setting', () =>
    given(created, { type: 'organization.settings-set.v1', data: { contact: 'team@acme.dev' } })
      .when({ ...nothing, settings: { contact: null } }, ada)
      .thenRecorded({ type: 'organization.settings-set.v1', data: { contact: null } }));

  it('is limited to owners and, with a login, global admins', () => {
    const refused = { code: 'organization/may-not-change', kind: 'forbidden' } as const;
    given(created, graceIsAdmin).when(toRockets, grace).thenRejected(refused);
    given(created)
      .when(toRockets, { ...ada, key: { id: 'key_1', role: 'editor' } })
      .thenRejected(refused);
    given(created)
      .when(toRockets, { id: 'root', kind: 'person', isGlobalAdmin: true })
      .thenRecorded(renamed('Rockets', 'rockets'));
  });

  it('completes after a crash with the rights of the caller who started it', () =>
    given(created, graceIsAdmin)
      .when({ ...toRockets, isResumed: true }, grace)
      .thenRecorded(renamed('Rockets', 'rockets')));

  it('keeps the slug once an application exists, but changes the name', () => {
    given(created)
      .when({ ...toRockets, applications: 1 }, ada)
      .thenRejected({ code: 'organization/slug-fixed', kind: 'conflict' });
    given(created)
      .when({ ...nothing, name: 'Rockets', applications: 1 }, ada)
      .thenRecorded(renamed('Rockets', 'acme'));
  });

  it('does not overwrite a name that the caller has not seen', () =>
    given(created, renamed('Other', 'other'))
      .when(toRockets, ada)
      .thenRejected({ code: 'organization/renamed-concurrently', kind: 'conflict' }));

  it('does not overwrite a name or a slug alone that the caller has not seen', () => {
    for (const seen of [
      { name: 'Acme', slug: 'former' },
      { name: 'Former', slug: 'acme' },
    ])
      for (const to of [{ name: 'Rockets' }, { slug: 'rockets' }])
        given(created)
          .when({ ...nothing, ...to, from: seen }, ada)
          .thenRejected({ code: 'organization/renamed-concurrently' });
    given(created, renamed('Other', 'other'))
      .when({ ...nothing, name: 'Other', slug: 'other', settings: { viewersReadLogs: false } }, ada)
      .thenRecorded({ type: 'organization.settings-set.v1', data: { viewersReadLogs: false } });
  });

  it('changes the slug alone', () =>
    given(created)
      .when({ ...nothing, slug: 'rockets' }, ada)
      .thenRecorded(renamed('Acme', 'rockets')));

  it('is rejected while the organization is being deleted, and afterwards', () => {
    given(created, deleting).when(toRockets, ada).thenRejected({ code: 'organization/deleting' });
    given(created, { type: 'organization.deleted.v1', data: {} })
      .when(toRockets, ada)
      .thenRejected({ code: 'organization/not-found' });
  });
});
