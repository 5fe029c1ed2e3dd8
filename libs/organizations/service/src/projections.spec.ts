import { position, REMOVED, type Projection, type Recorded } from '#kernel';
import { membersProjection } from './members/members.projection.ts';
import type { OrganizationEvent } from './organization.events.ts';
import { organizationsProjection } from './overview/organizations.projection.ts';

const at = (event: OrganizationEvent, revision: number): Recorded<OrganizationEvent> => ({
  event,
  metadata: {
    id: `event-${revision}`,
    stream: 'organization-0193f2a4-11de',
    revision,
    position: position('teststore', revision + 1),
    recordedAt: `2026-01-01T00:00:0${revision}.000Z`,
    actor: 'ada',
    commandId: 'c',
    correlationId: 'r',
    causationId: 'c',
  },
});

function fold<D>(
  projection: Projection<OrganizationEvent, D>,
  ...events: OrganizationEvent[]
): D | undefined | typeof REMOVED {
  return events
    .map(at)
    .reduce<D | undefined | typeof REMOVED>(
      (document, recorded) => projection.apply(document === REMOVED ? undefined : document, recorded),
      undefined,
    );
}

const created: OrganizationEvent = {
  type: 'organization.created.v1',
  data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: true },
};
const limit: OrganizationEvent = { type: 'organization.seat-limit-set.v1', data: { limit: 5 } };
const grace: OrganizationEvent = {
  type: 'organization.member-added.v1',
  data: { memberId: 'grace', kind: 'person', role: 'editor' },
};
const ci: OrganizationEvent = {
  type: 'organization.member-added.v1',
  data: { memberId: 'service-1', kind: 'service', role: 'editor', name: 'ci' },
};
const deleted: OrganizationEvent = { type: 'organization.deleted.v1', data: {} };

describe('the summary of an organization', () => {
  it('counts people against the limit, but not service members', () =>
    expect(fold(organizationsProjection, created, limit, grace, ci)).toMatchObject({
      name: 'Acme',
      slug: 'acme',
      isDefault: true,
      createdAt: '2026-01-01T00:00:00.000Z',
      persons: 2,
      services: ['service-1'],
      memberLimit: 5,
    }));
  it('updates the counts when members are removed', () =>
    expect(
      fold(
        organizationsProjection,
        created,
        grace,
        ci,
        { type: 'organization.member-removed.v1', data: { memberId: 'service-1' } },
        { type: 'organization.member-removed.v1', data: { memberId: 'grace' } },
      ),
    ).toMatchObject({ persons: 1, services: [] }));
  it('has the ID of the organization', () =>
    expect(organizationsProjection.documentId(at(created, 0))).toBe('0193f2a4-11de'));
  it('is removed with the organization', () => expect(fold(organizationsProjection, created, deleted)).toBe(REMOVED));
});

describe('the list of members', () => {
  it('has IDs, roles, and dates, but no names of people', () =>
    expect(fold(membersProjection, created, grace, ci)).toEqual({
      members: [
        {
          id: 'ada',
          kind: 'person',
          role: 'owner',
          name: null,
          since: '2026-01-01T00:00:00.000Z',
          until: null,
          audit: false,
          auditUntil: null,
        },
        {
          id: 'grace',
          kind: 'person',
          role: 'editor',
          name: null,
          since: '2026-01-01T00:00:01.000Z',
          until: null,
          audit: false,
          auditUntil: null,
        },
        {
          id: 'service-1',
          kind: 'service',
          role: 'editor',
          name: 'ci',
          since: '2026-01-01T00:00:02.000Z',
          until: null,
          audit: false,
          auditUntil: null,
        },
      ],
    }));
  it('reflects changes and removals', () =>
    expect(
      fold(
        membersProjection,
        created,
        grace,
        {
          type: 'organization.member-role-changed.v1',
          data: { memberId: 'grace', role: 'admin', until: '2027-01-01T00:00:00Z' },
        },
        { type: 'organization.audit-right-set.v1', data: { memberId: 'grace', granted: true } },
        { type: 'organization.member-removed.v1', data: { memberId: 'ada' } },
      ),
    ).toMatchObject({
      members: [{ id: 'grace', role: 'admin', until: '2027-01-01T00:00:00Z', audit: true, auditUntil: null }],
    }));
  it('is removed when the organization is deleted', () =>
    expect(fold(membersProjection, created, deleted)).toBe(REMOVED));
});
