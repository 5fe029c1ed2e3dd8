import { position, REMOVED, type EventMetadata, type Fact, type Projection, type Recorded } from '#kernel';
import { HIDDEN, ACTIONS } from './actions.ts';
import { entryOf } from './entry.ts';
import { logProjection } from './log.projection.ts';
import { namesProjection } from './names.projection.ts';

const ACME = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02';
const TIME = '2026-11-24T12:00:00.000Z';

const recorded = (event: Fact, more: Partial<EventMetadata> = {}): Recorded => ({
  event,
  metadata: {
    id: 'event-1',
    stream: `organization-${ACME}`,
    revision: 3,
    position: position('teststore', 42),
    recordedAt: TIME,
    actor: 'user-ada',
    organizationId: ACME,
    commandId: 'command-1',
    correlationId: 'request-1',
    causationId: 'command-1',
    ...more,
  },
});
const entry = (event: Fact, more: Partial<EventMetadata> = {}) => entryOf(recorded(event, more));

/** Returns the document after the first event. */
const first = <D>(projection: Projection<Fact, D>, event: Recorded, document?: D) => projection.apply(document, event);

describe('an entry of the audit log', () => {
  it('says who did what to which object, by which right, and from where', () =>
    expect(
      entry(
        { type: 'organization.member-added.v1', data: { memberId: 'user-grace', kind: 'person', role: 'editor' } },
        {
          by: {
            permission: 'members.manage',
            rule: 'role',
            role: 'admin',
            grantedBy: 'event-0',
            credential: 'key',
            keyId: 'key_1',
            network: '203.0.113.0/24',
            address: 'a1',
          },
        },
      ),
    ).toEqual({
      organizationId: ACME,
      position: position('teststore', 42),
      time: TIME,
      actor: 'user-ada',
      action: 'organization.member-added',
      object: 'member/user-grace',
      right: 'admin',
      permission: 'members.manage',
      grantedBy: 'event-0',
      credential: 'key',
      keyId: 'key_1',
      result: 'done',
      count: 1,
      network: '203.0.113.0/24',
      addressId: 'a1',
      requestId: 'request-1',
      causedBy: null,
      eventId: 'event-1',
      details: { role: 'editor' },
    }));

  it('marks what only the global role permitted', () => {
    const by = { permission: 'members.manage', rule: 'global-admin', role: 'global-admin', globalAdmin: true } as const;
    expect(entry({ type: 'organization.deleted.v1', data: {} }, { by })).toMatchObject({ right: 'global-admin' });
  });

  it('names the right audit rather than the role that it was added to', () => {
    const by = { permission: 'audit.read', rule: 'audit', role: 'viewer', grantedBy: 'event-7' } as const;
    expect(entry({ type: 'organization.deleted.v1', data: {} }, { by })).toMatchObject({ right: 'audit' });
  });

  it('names the cause of what the platform did, and has no right where none was recorded', () =>
    expect(
      entry(
        { type: 'subscription.plan-changed.v1', data: { from: 'developer', to: 'enterprise' } },
        { causationId: 'event-0', actor: 'system:billing' },
      ),
    ).toMatchObject({
      object: 'plan/enterprise',
      right: null,
      causedBy: 'event-0',
      details: { from: 'developer', to: 'enterprise' },
    }));

  it('of refused requests shows the permission, and counts them', () =>
    expect(
      entry(
        {
          type: 'refusal.recorded.v1',
          data: {
            principal: 'user-vic',
            by: 'key',
            keyId: 'key_2',
            operation: 'deployments.v1.applications.apply',
            permission: 'application.deploy',
            code: 'access/not-permitted',
            count: 7,
            requestId: 'request-9',
            minute: TIME,
          },
        },
        { stream: `refusals-${ACME}-2026-11-24`, actor: 'system:gateway' },
      ),
    ).toMatchObject({
      actor: 'user-vic',
      action: 'application.deploy',
      object: null,
      permission: 'application.deploy',
      credential: 'key',
      keyId: 'key_2',
      result: 'refused',
      count: 7,
      requestId: 'request-9',
      details: { code: 'access/not-permitted', operation: 'deployments.v1.applications.apply' },
    }));

  it('of reads by a global admin shows what was read, by whom, and from where, and counts them', () =>
    expect(
      entry(
        {
          type: 'read.recorded.v1',
          data: {
            userId: 'user-root',
            discloses: 'secret-names',
            operation: 'deployments.v1.secrets.list',
            permission: 'application.read',
            grantedBy: 'event-9',
            network: '203.0.113.0/24',
            address: 'a1',
            count: 3,
            requestId: 'request-9',
            minute: TIME,
          },
        },
        { stream: `reads-${ACME}-2026-11-24`, actor: 'system:gateway' },
      ),
    ).toMatchObject({
      actor: 'user-root',
      action: 'secret-names.read',
      object: null,
      right: 'global-admin',
      permission: 'application.read',
      grantedBy: 'event-9',
      credential: 'login',
      result: 'done',
      count: 3,
      network: '203.0.113.0/24',
      addressId: 'a1',
      requestId: 'request-9',
      details: { operation: 'deployments.v1.secrets.list' },
    }));

  it('shows names of secrets, and bounds what people have written', () => {
    const stream = 'application-1';
    expect(
      entry(
        {
          type: 'application.secrets-set.v1',
          data: {
            secrets: [
              { key: 'A', bytes: 1 },
              { key: 'B', bytes: 2 },
            ],
          },
        },
        { stream },
      ),
    ).toMatchObject({ object: 'application/1', details: { 'secrets.key': 'A, B' } });
    const paused = entry({ type: 'application.paused.v1', data: { message: 'x'.repeat(5_000) } }, { stream });
    expect(paused?.details['message']).toHaveLength(201);
  });

  it('exists for a type of a newer release, without object and details', () =>
    expect(entry({ type: 'organization.painted.v3', data: { color: 'red' } })).toMatchObject({
      action: 'organization.painted',
      object: null,
      details: {},
    }));

  it.each(Object.keys(ACTIONS).filter((type) => ACTIONS[type] === HIDDEN))('does not exist for %s', (type) =>
    expect(entry({ type, data: {} })).toBeUndefined(),
  );
});

describe('the audit log', () => {
  const event: Fact = { type: 'organization.member-removed.v1', data: { memberId: 'user-grace' } };

  it('has one document per event, indexed in the order of the log', () => {
    const place = `${TIME} 00000000000000000042`;
    expect(logProjection.documentId(recorded(event))).toBe('event-1');
    expect(first(logProjection, recorded(event))).toMatchObject({
      byTime: `${ACME}  ${place}`,
      byActor: `${ACME} user-ada ${place}`,
      byAction: `${ACME} organization.member-removed ${place}`,
      byObject: `${ACME} member/user-grace ${place}`,
      byRefusal: null,
    });
  });

  it('has events without an organization in a scope of their own', () => {
    const { organizationId, ...metadata } = recorded(event).metadata;
    expect(organizationId).toBe(ACME);
    expect(first(logProjection, { event, metadata })).toMatchObject({
      organizationId: null,
      byActor: expect.stringMatching(/^platform user-ada /) as string,
    });
  });

  it('has no document for steps', () => {
    const step = recorded({ type: 'attempt.extended.v1', data: { claim: 1 } });
    expect(logProjection.documentId(step)).toBeUndefined();
    expect(first(logProjection, step)).toBe(REMOVED);
  });
});

describe('the names of objects', () => {
  it('are those of their creation, and follow a new name', () => {
    const claimed = recorded({ type: 'catalog.name-claimed.v1', data: { kind: 'application', name: 'web', id: '1' } });
    expect(namesProjection.documentId(claimed)).toBe(`${ACME} application/1`);
    expect(first(namesProjection, claimed)).toEqual({
      organizationId: ACME,
      object: 'application/1',
      name: 'web',
      named: `${ACME} application/web`,
    });
    const renamed = recorded({ type: 'organization.renamed.v1', data: { name: 'Acme', slug: 'acme2' } });
    expect(first(namesProjection, renamed)).toMatchObject({ object: `organization/${ACME}`, name: 'acme2' });
  });

  it('are not changed by other events', () => {
    expect(namesProjection.documentId(recorded({ type: 'profile.created.v1', data: { name: 'x' } }))).toBeUndefined();
    const person = recorded({
      type: 'organization.member-added.v1',
      data: { memberId: 'u', kind: 'person', role: 'viewer' },
    });
    expect(namesProjection.documentId(person)).toBeUndefined();
  });
});
