import { CHANGE_KINDS } from '#audit/contract';
import { position, type Fact, type Recorded } from '#kernel';
import { CHANGES, changedObject, IGNORED, namedObject } from './changed-object.ts';

const ACME = 'org-acme';

const changed = (type: string, data: object, stream: string) => {
  const event: Fact = { type, data };
  const metadata = {
    id: 'event-1',
    stream,
    revision: 1,
    position: position('teststore', 7),
    recordedAt: '2026-12-02T10:00:00.000Z',
    actor: 'ada',
    organizationId: ACME,
    commandId: 'command-1',
    correlationId: 'request-1',
    causationId: 'command-1',
  };
  const recorded: Recorded = { event, metadata };
  return changedObject(recorded, ACME);
};

describe('an event of an organization', () => {
  it.each([
    ['organization.renamed.v1', {}, `organization-${ACME}`, 'organization', ACME],
    ['organization.settings-set.v1', { keyExpiry: 30 }, `organization-${ACME}`, 'organization', ACME],
    ['organization.member-role-changed.v1', { memberId: 'vic' }, `organization-${ACME}`, 'member', 'vic'],
    ['organization.audit-right-set.v1', { memberId: 'vic' }, `organization-${ACME}`, 'member', 'vic'],
    ['organization.member-invited.v1', { invitationId: 'inv-1' }, `organization-${ACME}`, 'invitation', 'inv-1'],
    ['access-key.revoked.v1', { keyId: 'key-1' }, `keys-${ACME}`, 'access-key', 'key-1'],
    ['access-key.leaked.v1', { keyId: 'key-1' }, `leaked-keys-${ACME}`, 'access-key', 'key-1'],
    ['access-keys.limits-set.v1', { activeKeys: 5 }, `keys-${ACME}`, 'usage', ACME],
    ['subscription.plan-changed.v1', { from: 'developer', to: 'team' }, `subscription-${ACME}`, 'subscription', ACME],
    ['application.configured.v1', { revision: 2 }, 'application-app-1', 'application', 'app-1'],
    ['application.health-changed.v1', { health: 'Degraded' }, 'application-app-1', 'application', 'app-1'],
    ['attempt.progressing.v1', { applicationId: 'app-1' }, 'deployment-attempt-1', 'application', 'app-1'],
    ['application.secrets-set.v1', { secrets: [{ key: 'TOKEN' }] }, 'application-app-1', 'secret', 'app-1'],
    ['application.webhook-created.v1', { id: 'hook-1' }, 'application-app-1', 'webhook', 'app-1'],
    ['catalog.name-claimed.v1', { kind: 'profile', id: 'pro-1', name: 'prod' }, `catalog-${ACME}`, 'profile', 'pro-1'],
    ['catalog.name-released.v1', { kind: 'cluster', id: 'clu-1', name: 'eu' }, `catalog-${ACME}`, 'cluster', 'clu-1'],
    ['catalog.deployment-counted.v1', { applicationId: 'app-1' }, `catalog-${ACME}`, 'usage', ACME],
    ['profile.changed.v1', { revision: 2 }, 'profile-pro-1', 'profile', 'pro-1'],
    ['cluster.state-changed.v1', { state: 'unreachable' }, 'cluster-clu-1', 'cluster', 'clu-1'],
    ['cluster.kubeconfig-issued.v1', { memberId: 'vic' }, 'cluster-clu-1', 'cluster-access', 'clu-1'],
    ['credential.set.v1', { host: 'git.acme.dev', kind: 'git' }, `credentials-${ACME}`, 'credential', 'git.acme.dev'],
  ])('of type %s changes one object', (type, data, stream, kind, id) =>
    expect(changed(type, data, stream)).toEqual({ kind, id }),
  );

  it.each(Object.keys(CHANGES).filter((type) => CHANGES[type] === IGNORED))('of type %s is ignored', (type) =>
    expect(changed(type, { memberId: 'vic', keyId: 'key-1', kind: 'application', id: 'app-1' }, 'user-vic')).toBe(
      undefined,
    ),
  );

  it('of a newer release is ignored', () =>
    expect(changed('novelty.painted.v9', { id: 'app-1' }, 'novelty-1')).toBe(undefined));

  it('that names an unknown kind of object is ignored', () =>
    expect(changed('catalog.name-claimed.v1', { kind: 'gadget', id: 'g-1' }, `catalog-${ACME}`)).toBe(undefined));

  it('can change an object of every kind', () => {
    const kinds = Object.values(CHANGES).flatMap((rule) => (typeof rule === 'string' ? [] : [rule[0]]));
    expect(new Set(kinds)).toEqual(new Set(CHANGE_KINDS));
  });
});

describe('the name of a change', () => {
  it.each([
    ['secret', 'application/x'],
    ['cluster-access', 'cluster/x'],
    ['access-key', 'key/x'],
    ['organization', undefined],
    ['invitation', undefined],
    ['usage', undefined],
  ] as const)('of kind %s is that of %s', (kind, object) => expect(namedObject({ kind, id: 'x' })).toBe(object));
});
