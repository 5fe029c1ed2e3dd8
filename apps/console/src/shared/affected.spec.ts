import * as accessKeys from '#access-keys/contract';
import { CHANGE_KINDS } from '#audit/contract';
import * as billing from '#billing/contract';
import type { RequestContract } from '#bus/contract';
import * as deployments from '#deployments/contract';
import * as organizations from '#organizations/contract';
import { isAffected } from './affected.ts';

const reads = [accessKeys, billing, deployments, organizations]
  .flatMap((contracts) => Object.values<unknown>(contracts))
  .filter(
    (value): value is RequestContract =>
      typeof value === 'object' && value !== null && 'route' in value && String(value.route).startsWith('GET '),
  );
const application = { kind: 'application', name: 'shop' } as const;

describe('the reads that a change affects', () => {
  it.each([
    [['acme', 'deployments.v1.applications.list', { org: 'acme' }], true],
    [['acme', 'deployments.v1.applications.list', { org: 'acme' }, 'pages'], true],
    [['acme', 'deployments.v1.applications.status', { org: 'acme', name: 'shop' }], true],
    [['acme', 'deployments.v1.applications.status', { org: 'acme', name: 'blog' }], false],
    [['other', 'deployments.v1.applications.list', { org: 'other' }], false],
    [['acme', 'deployments.v1.clusters.list', { org: 'acme' }], false],
    [['acme', 'audit.v1.log.list', { org: 'acme' }], true],
  ])('of an application: %j is %s', (key, expected) => {
    expect(isAffected(key, application, 'acme')).toBe(expected);
  });

  it('include every read of its kind if its name is not known', () => {
    const key = ['acme', 'deployments.v1.applications.status', { org: 'acme', name: 'blog' }];
    expect(isAffected(key, { kind: 'application', name: null }, 'acme')).toBe(true);
  });

  it('include the list of organizations, which belongs to none, when a role changes', () => {
    expect(isAffected(['', 'organizations.v1.list', {}], { kind: 'member', name: null }, 'acme')).toBe(true);
  });

  it.each(CHANGE_KINDS)('exist for %s', (kind) => {
    const affected = reads.filter(({ subject }) => isAffected(['acme', subject, {}], { kind, name: null }, 'acme'));
    expect(affected.length).toBeGreaterThan(0);
  });
});
