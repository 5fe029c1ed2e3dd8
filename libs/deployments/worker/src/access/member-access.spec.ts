import { accessObjects, leftOver } from './member-access.ts';

const ada = { organizationId: 'org', memberId: 'ada', fingerprint: 'f00', namespaces: ['b', 'a', 'a'] };

describe('rights of a member on a cluster', () => {
  it('are one binding per namespace', () =>
    expect(
      accessObjects({ ...ada, access: 'edit' }).bindings.map(({ kind, metadata, roleRef }) => [
        kind,
        metadata.namespace,
        metadata.name,
        roleRef,
      ]),
    ).toEqual([
      [
        'RoleBinding',
        'a',
        'astro-member-f00-edit',
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      ],
      [
        'RoleBinding',
        'b',
        'astro-member-f00-edit',
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      ],
    ]));

  it('exclude what a new role does not grant', () => {
    const before = [
      ...accessObjects({ ...ada, access: 'edit' }).bindings,
      ...accessObjects({ ...ada, access: 'cluster' }).bindings,
    ];
    const now = accessObjects({ ...ada, access: 'view', namespaces: ['a'] }).bindings;
    expect(leftOver([...before, ...now], now)).toEqual(before);
  });

  it('contain no personal data', () =>
    expect(JSON.stringify(accessObjects({ ...ada, access: 'view' }).account)).not.toContain('@'));
});
