import type { DirectoryFact, Principal, Role } from '#access';
import { directoryOf } from '#bus/contract-suite';
import { exportsByAnyPlan, readsWholeLog } from './log-readers.ts';

const ORG = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02';
const NOW = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;

const facts: (readonly [stream: string, fact: DirectoryFact])[] = [];
const registered = (id: string, globalRole: 'admin' | 'developer') =>
  facts.push([`user-${id}`, { type: 'user.registered.v1', data: { globalRole } }]);
const member = (id: string, role: Role, audit: { readonly until?: string } | undefined) => {
  const stream = `organization-${ORG}`;
  facts.push([stream, { type: 'organization.member-added.v1', data: { memberId: id, kind: 'person', role } }]);
  if (audit)
    facts.push([stream, { type: 'organization.audit-right-set.v1', data: { memberId: id, granted: true, ...audit } }]);
};
registered('founder', 'developer');
facts.push([
  `organization-${ORG}`,
  { type: 'organization.created.v1', data: { name: 'Acme', slug: 'acme', ownerId: 'founder', isDefault: false } },
]);
for (const role of ['owner', 'admin', 'editor', 'viewer'] as const) {
  for (const id of [role, `${role} with audit`]) registered(id, 'developer');
  member(role, role, undefined);
  member(`${role} with audit`, role, { until: new Date(NOW + DAY).toISOString() });
}
registered('outsider', 'developer');
registered('global admin', 'admin');
registered('global admin as editor', 'admin');
member('global admin as editor', 'editor', undefined);

const directory = directoryOf(...facts);

const login = (userId: string): Principal => ({ kind: 'login', userId });
const key = (memberId: string, role: Role): Principal => ({
  kind: 'key',
  memberId,
  memberKind: 'person',
  keyId: 'key_1',
  organizationId: ORG,
  role,
});
const reads = (principal: Principal, nowMs = NOW) =>
  readsWholeLog({ principal, organizationId: ORG }, directory, nowMs);
const exports = (principal: Principal, nowMs = NOW) =>
  exportsByAnyPlan({ principal, organizationId: ORG }, directory, nowMs);

describe('the whole audit log', () => {
  it.each([
    ['owner', true, true],
    ['owner with audit', true, true],
    ['admin', true, false],
    ['admin with audit', true, true],
    ['editor', false, false],
    ['editor with audit', true, true],
    ['viewer', false, false],
    ['viewer with audit', true, true],
    ['global admin', true, true],
    ['global admin as editor', true, true],
    ['outsider', false, false],
  ])('%s: read %s, export with every plan %s', (who, isRead, isExported) => {
    expect(reads(login(who))).toBe(isRead);
    expect(exports(login(who))).toBe(isExported);
  });

  it.each([
    ['editor with audit', false],
    ['viewer with audit', false],
    ['admin with audit', true],
  ])('%s: read %s after the end of the right audit', (who, isRead) => {
    expect(reads(login(who), NOW + DAY - 1)).toBe(true);
    expect(reads(login(who), NOW + DAY)).toBe(isRead);
    expect(exports(login(who), NOW + DAY)).toBe(false);
  });

  it('is limited by the role of an access key, which has no global rights', () => {
    expect(reads(key('owner', 'admin'))).toBe(true);
    expect(reads(key('owner', 'editor'))).toBe(false);
    expect(exports(key('owner', 'admin'))).toBe(false);
    expect(reads(key('global admin as editor', 'owner'))).toBe(false);
    expect(reads(key('global admin', 'owner'))).toBe(false);
  });
});
