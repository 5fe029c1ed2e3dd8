import type { Actor } from '#kernel';
import { specify } from '#testing';
import { organizationDecider } from '../organization.decider.ts';
import type { OrganizationEvent } from '../organization.events.ts';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const draft = { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false };
const create = { type: 'create-organization', ...draft, seatLimit: 3 } as const;
const created: OrganizationEvent = { type: 'organization.created.v1', data: draft };
const seats: OrganizationEvent = { type: 'organization.seat-limit-set.v1', data: { limit: 3 } };
const deleting: OrganizationEvent = { type: 'organization.deletion-requested.v1', data: {} };
const { given } = specify(organizationDecider);

describe('create an organization', () => {
  it('records it with the seat limit of its plan', () => given().when(create, ada).thenRecorded(created, seats));

  it('records nothing when a request is retried, also during the deletion', () => {
    given(created, seats).when(create, ada).thenNothingRecorded();
    given(created, seats, deleting).when(create, ada).thenNothingRecorded();
  });

  it('does not create a deleted organization again', () =>
    given(created, seats, deleting, { type: 'organization.deleted.v1', data: {} })
      .when(create, ada)
      .thenRejected({ code: 'organization/not-found', kind: 'not-found' }));
});
